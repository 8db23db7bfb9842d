// What the core asks of text that people send, in the words in which it tells them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vault/model/failure.h"

namespace coffer::vault {

inline constexpr std::size_t kPasswordMax = 1024;  // bytes
inline constexpr std::size_t kNameMax = 255;       // characters of a file's or folder's name
// Of a file's where a dialect promises to keep longer ones.
inline constexpr std::size_t kLongNameMax = 512;

// The faults found in one input, all of them told at once.
class Faults {
 public:
  // Told once, however often it is found.
  void add(std::string field, std::string message);
  bool any() const noexcept { return !fields_.empty(); }
  // Nothing is left.
  std::vector<FieldFault> take() { return std::exchange(fields_, {}); }
  // REQUIRES: any(). Called once, last.
  std::unexpected<Failure> failure(FailureCode code = FailureCode::kInvalid);

 private:
  std::vector<FieldFault> fields_;
};

// Each adds a fault of the named field, or nothing.

// Gives the name as it is kept.
std::string check_username(std::string_view username, Faults& faults);
std::string check_email(std::string_view email, Faults& faults);
void check_password(std::string_view password, std::size_t min, Faults& faults);
void check_file_name(std::string_view name, Faults& faults, std::size_t max = kNameMax);
void check_title(std::string_view title, Faults& faults);
void check_description(std::string_view description, Faults& faults);
// Trimmed, in order of the alphabet, those that differ in case alone only once.
std::vector<std::string> check_tags(const std::vector<std::string>& tags, Faults& faults);
std::string check_label(std::string_view label, Faults& faults);
// What people see of a group or a collection: not blank, at most `max` characters, all of them to
// be seen (visible_text.h).
void check_display_name(std::string_view name, std::size_t max, Faults& faults);

// The form in which names are compared that an account logs in by.
// REQUIRES: is_utf8(text).
std::string login_form(std::string_view text);

// The form in which text is searched: folded, without accents and control characters.
// REQUIRES: is_utf8(text).
std::string search_form(std::string_view text);

// Whether the code point at the start of `text` is a control character (Unicode Cc), and if so,
// how many bytes it has; else 0.
std::size_t control_length(std::string_view text) noexcept;
bool has_control(std::string_view text) noexcept;

}  // namespace coffer::vault
