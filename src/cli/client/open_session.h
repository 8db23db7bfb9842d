// What the commands of a session have in common.
#pragma once

#include <boost/json/object.hpp>

#include "client/session.h"

namespace coffer::cli::client {

// The session of `coffer login`. Pauses of a second and more are told at a terminal. Throws Error.
coffer::client::Session open_session();

// Tells of a pause before another attempt.
void tell_pause(const std::string& why, std::chrono::milliseconds pause);

// A line of `--json`.
void print_json(const boost::json::object& value);

// A line of columns, whose texts are made printable, with tabs between them.
void print_columns(std::initializer_list<std::string_view> columns);

}  // namespace coffer::cli::client
