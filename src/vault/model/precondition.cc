#include "vault/model/precondition.h"

namespace coffer::vault {

Result<void> check_precondition(const Precondition& precondition, std::string_view tag) {
  if (!precondition || precondition(tag)) return {};
  return fail(FailureCode::kPreconditionFailed,
              "it is not in the state that the request names; read it again");
}

}  // namespace coffer::vault
