// Questions to whoever sits at the terminal.
#pragma once

#include <string>
#include <string_view>

namespace coffer::cli {

// Whether somebody can be asked: standard input is a terminal.
bool can_ask();

// Asks for a line. Throws UserError where the input ends. REQUIRES: can_ask().
std::string ask_line(std::string_view prompt);

// Asks for a password, without showing what is typed. The same.
std::string ask_password(std::string_view prompt);

// Asks for a new password twice, without showing what is typed. Throws UserError where the two
// differ, or the input ends. REQUIRES: can_ask().
std::string ask_new_password(std::string_view prompt);

// Whether the answer is yes; anything else, and the end of the input, is no. REQUIRES: can_ask().
bool ask_yes(std::string_view question);

}  // namespace coffer::cli
