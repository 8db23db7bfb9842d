// Calls of the vault that the user is logged in to.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/credentials.h"
#include "client/transport.h"

namespace coffer::client {

// Told of a pause before another attempt, and why there is one.
using OnWait = std::function<void(const std::string& why, std::chrono::milliseconds pause)>;

using Query = std::vector<std::pair<std::string, std::string>>;

// New credentials by the user's password. Throws Error.
Credentials log_in(const std::string& root, const std::string& username,
                   const std::string& password, const OnWait& on_wait = {});
// The same by a key, which is tried.
Credentials log_in_by_key(const std::string& root, const std::string& key);

// Ends the session of these credentials at its vault, in one attempt. An API key has none. Throws
// Error where the vault does not say that it has ended.
void end_session(Credentials credentials);

// Threads: one at a time.
class Session {
 public:
  // Throws Error where nobody is logged in.
  explicit Session(CredentialFile file, OnWait on_wait = {});

  const Credentials& credentials() const noexcept { return credentials_; }
  // Where the credentials are, and what else is kept for the user.
  std::filesystem::path folder() const { return file_.path().parent_path(); }

  // The whole reply to a call without a file. Throws Error.
  boost::json::object call(std::string_view method, std::string_view path, const Query& query = {},
                           const std::optional<boost::json::object>& body = {});

  // `data` of the reply.
  boost::json::object data(std::string_view method, std::string_view path, const Query& query = {},
                           const std::optional<boost::json::object>& body = {});

  // Calls `each` with every item of a list, page by page.
  void list(std::string_view path, const Query& query,
            const std::function<void(const boost::json::object&)>& each);

  // Sends a request to a path of the API, with the credentials, an idempotency key for a POST that
  // has none, and again where that is safe: after 429, 503 and a lost connection, after 401 once
  // with a new token. The reply is a success. `repeats` says whether a lost connection is one to
  // repeat.
  Reply send(Request request, std::string_view path, const Query& query, bool repeats = true);

  // New tokens in place of that one, unless there are some already. Throws Error where the session
  // has ended, or the credentials are those of another vault or user by now.
  void renew(const std::string& stale_token);
  // The same where the token is about to end; whether there is another one now.
  bool renew_if_due();

  // Waits before another attempt after `attempt` of them, from 1; throws `error` itself, which is
  // being handled, where there is to be none.
  void wait_before_retry(int attempt, const std::exception& error) const;

 private:
  void authorize(Request& request) const;

  CredentialFile file_;
  Credentials credentials_;
  OnWait on_wait_;
};

// The collection of that id. Throws Error, which names it where it is not there.
boost::json::object find_collection(Session& session, const std::string& id);

// One segment of a path.
std::string escape(std::string_view text);

// A member that is text; empty where it is missing or null.
std::string text_member(const boost::json::object& object, std::string_view name);

}  // namespace coffer::client
