#include "vault/model/precondition.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"

namespace coffer::vault {

Result<void> check_precondition(const Precondition& precondition, std::string_view tag) {
  if (!precondition || precondition(tag)) return {};
  return fail(FailureCode::kPreconditionFailed,
              "it is not in the state that the request names; read it again");
}

std::string state_tag(const Account& account) {
  const std::string numbers =
      std::to_string(account.id.value) + ' ' + std::to_string(to_micros(account.updated_at));
  return tag_of({numbers, account.username, account.email.value_or("")});
}

std::string tag_of(std::initializer_list<std::string_view> state) {
  Sha256 hash;
  for (const std::string_view text : state) {
    // Its length too, so that no two lists of texts are the same bytes.
    hash.update(as_bytes(std::to_string(text.size()) + ' '));
    hash.update(as_bytes(text));
  }
  return hash.finish().hex().substr(0, 32);
}

}  // namespace coffer::vault
