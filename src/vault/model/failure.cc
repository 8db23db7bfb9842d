#include "vault/model/failure.h"

#include <utility>

namespace coffer::vault {

std::unexpected<Failure> fail(FailureCode code, std::string message) {
  return std::unexpected(Failure{.code = code, .message = std::move(message)});
}

std::unexpected<Failure> invalid(std::string field, std::string message) {
  Failure failure{.code = FailureCode::kInvalid, .message = field + " " + message};
  failure.fields.push_back({std::move(field), std::move(message)});
  return std::unexpected(std::move(failure));
}

std::unexpected<Failure> taken(std::string field, std::string message) {
  Failure failure{.code = FailureCode::kConflict, .message = field + " " + message};
  failure.fields.push_back({std::move(field), std::move(message)});
  return std::unexpected(std::move(failure));
}

std::unexpected<Failure> bad_stream(StreamFault fault) {
  Failure failure{.code = FailureCode::kBadStream, .message = describe(fault)};
  failure.stream = fault;
  return std::unexpected(std::move(failure));
}

std::unexpected<Failure> file_too_large(std::uint64_t max_bytes) {
  Failure failure{.code = FailureCode::kBadStream,
                  .message = "a file may have at most " + std::to_string(max_bytes) + " bytes"};
  failure.stream = StreamFault::kTooLarge;
  return std::unexpected(std::move(failure));
}

}  // namespace coffer::vault
