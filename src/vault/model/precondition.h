// What a caller believes of the thing that it changes, asked in the transaction that changes it: so
// nobody overwrites what he has not seen.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Whether the change may be made to what has this state tag, or content tag; the command says
// which. Empty: in any state. Called on whatever thread writes; may run more than once.
using Precondition = std::function<bool(std::string_view tag)>;

// kPreconditionFailed unless there is no precondition, or it allows `tag`.
Result<void> check_precondition(const Precondition& precondition, std::string_view tag);

// Names what the account or its administrator has set: another when that changes, the same whatever
// is stored.
std::string state_tag(const Account& account);

// The tag of a state that is told by these texts, in their order. Printable ASCII without quotes.
std::string tag_of(std::initializer_list<std::string_view> state);

}  // namespace coffer::vault
