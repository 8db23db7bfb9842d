// What calls of a vault fail with.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

namespace coffer::client {

// Something that the caller is told, in one sentence.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// No reply came, or not all of it.
class ConnectionLost : public Error {
 public:
  using Error::Error;
};

// The credentials are of no use any more: no other call would succeed.
class LoggedOut : public Error {
 public:
  using Error::Error;
};

// The vault, or a proxy in front of it, refused the call.
class ApiError : public Error {
 public:
  ApiError(unsigned status, std::string code, const std::string& message,
           std::optional<std::chrono::seconds> retry_after)
      : Error(message), status_(status), code_(std::move(code)), retry_after_(retry_after) {}

  unsigned status() const noexcept { return status_; }
  // As the API names it; empty if the reply is not the vault's.
  const std::string& code() const noexcept { return code_; }
  std::optional<std::chrono::seconds> retry_after() const noexcept { return retry_after_; }

 private:
  unsigned status_;
  std::string code_;
  std::optional<std::chrono::seconds> retry_after_;
};

}  // namespace coffer::client
