// The document's error shapes and sentences, all of them here.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <optional>
#include <string_view>

#include "apis/gateway/problem.h"
#include "http/message.h"

namespace coffer::apis::fileuploader {

// `{"status": "error", "message": …}`, with `errorId` where the document gives one.
http::Response failed(unsigned status, std::string_view message, std::optional<int> id = {});

// What section 1.1 says of credentials: `{"message": …, "errorId": …}`.
boost::json::object auth_error(ProblemKind kind);

// `base_path`: Client::base_path, for the pages that people are shown.
http::Response render_problem(const Problem& problem, const http::Request& request,
                              std::string_view base_path);

// Those that several calls have.
http::Response no_such_group();
http::Response not_in_group();
http::Response invalid_group_id();
http::Response no_such_invite();
Problem no_such_file();
// 405 to HEAD, for a call that has effects though it is a GET: programs that look at links ask for
// heads, and mean nothing by it. `allowed`: the Allow field.
std::unexpected<Problem> refuse_head(std::string_view allowed);

// Problems that the document has no id for.
inline constexpr int kBadUsername = 6;
inline constexpr int kBadPassword = 7;
inline constexpr int kRegistrationClosed = 8;
inline constexpr int kAccountLocked = 9;
inline constexpr int kBadBot = 10;

}  // namespace coffer::apis::fileuploader
