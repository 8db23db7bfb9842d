#include "vault/model/checks.h"

#include <fmt/format.h>
#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "base/text.h"
#include "vault/model/visible_text.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kUsernameMax = 64;        // characters
constexpr std::size_t kEmailMax = 254;          // bytes, RFC 5321 section 4.5.3.1.3
constexpr std::size_t kTitleMax = 255;          // characters
constexpr std::size_t kDescriptionMax = 10000;  // characters
constexpr std::size_t kTagsMax = 50;
constexpr std::size_t kTagMax = 64;     // characters
constexpr std::size_t kLabelMax = 100;  // characters
constexpr char kInvisible[] = "must not contain invisible or direction-changing characters";

// Free text: any length up to `max`, line ends welcome.
void check_text(std::string field, std::string_view text, std::size_t max, Faults& faults) {
  if (!is_utf8(text)) {
    faults.add(std::move(field), "must be UTF-8 text");
  } else if (count_code_points(text) > max) {
    faults.add(std::move(field), fmt::format("must be at most {} characters long", max));
  } else if (text.find('\0') != std::string_view::npos) {
    faults.add(std::move(field), "must not contain a NUL character");
  }
}

const std::uint8_t* units(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string normalized(std::string_view text, uninorm_t form) {
  std::size_t length = 0;
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> changed(
      u8_normalize(form, units(text), text.size(), nullptr, &length), &std::free);
  if (!changed && !text.empty()) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(changed.get()), length};
}

// Marks that stand above, through or below letters of any script: Unicode's combining diacritical
// marks, the vowel signs of Hebrew and Arabic. Those of other scripts are letters as others are.
constexpr bool is_accent(ucs4_t point) noexcept {
  return (point >= 0x300 && point <= 0x36f) || (point >= 0x591 && point <= 0x5c7) ||
         (point >= 0x64b && point <= 0x65f) || point == 0x670 ||
         (point >= 0x1ab0 && point <= 0x1aff) || (point >= 0x1dc0 && point <= 0x1dff) ||
         (point >= 0x20d0 && point <= 0x20ff) || (point >= 0xfe20 && point <= 0xfe2f);
}

// What Unicode does not take apart though people do.
std::string_view plain_letters(ucs4_t point) noexcept {
  switch (point) {
    case 0xe6: return "ae";
    case 0xf0:
    case 0x111: return "d";
    case 0xf8: return "o";
    case 0xfe: return "th";
    case 0x127: return "h";
    case 0x131: return "i";
    case 0x142: return "l";
    case 0x153: return "oe";
    case 0x167: return "t";
    default: return {};
  }
}

// REQUIRES: `text` is folded.
std::string without_accents(std::string text) {
  const bool is_ascii =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii) return text;
  const std::string apart = normalized(text, UNINORM_NFD);
  std::string plain;
  plain.reserve(apart.size());
  for (std::string_view rest = apart; !rest.empty();) {
    ucs4_t point = 0;
    const auto length = static_cast<std::size_t>(u8_mbtouc(&point, units(rest), rest.size()));
    const std::string_view letters = plain_letters(point);
    if (!letters.empty()) {
      plain += letters;
    } else if (!is_accent(point)) {
      plain += rest.substr(0, length);
    }
    rest.remove_prefix(length);
  }
  return normalized(plain, UNINORM_NFC);
}

}  // namespace

void Faults::add(std::string field, std::string message) {
  const auto is_same = [&](const FieldFault& fault) {
    return fault.field == field && fault.message == message;
  };
  if (std::ranges::any_of(fields_, is_same)) return;
  fields_.push_back({std::move(field), std::move(message)});
}

std::unexpected<Failure> Faults::failure(FailureCode code) {
  Failure failure{.code = code, .message = {}};
  for (const FieldFault& fault : fields_) {
    if (!failure.message.empty()) failure.message += "; ";
    failure.message += fault.field + " " + fault.message;
  }
  failure.fields = std::move(fields_);
  return std::unexpected(std::move(failure));
}

std::string check_username(std::string_view username, Faults& faults) {
  const std::string_view name = trim(username);
  if (!is_utf8(name)) {
    faults.add("username", "must be UTF-8 text");
  } else if (login_form(name).empty() || count_code_points(name) > kUsernameMax) {
    faults.add("username", fmt::format("must be 1 to {} characters long", kUsernameMax));
  } else if (has_control(name)) {
    faults.add("username", "must not contain control characters");
  } else if (has_invisible(name)) {
    faults.add("username", kInvisible);
  }
  return std::string(name);
}

std::string check_email(std::string_view email, Faults& faults) {
  const std::string_view address = trim(email);
  const std::size_t at = address.rfind('@');
  const bool shaped = at != std::string_view::npos && at > 0 && at + 1 < address.size();
  if (address.size() > kEmailMax) {
    faults.add("email", fmt::format("must be at most {} bytes long", kEmailMax));
  } else if (!is_utf8(address) || !shaped || has_control(address) ||
             address.find(' ') != std::string_view::npos || has_invisible(address)) {
    faults.add("email", "must be an e-mail address, like name@example.org");
  }
  return std::string(address);
}

void check_password(std::string_view password, std::size_t min, Faults& faults) {
  if (password.size() < min || password.size() > kPasswordMax) {
    faults.add("password", fmt::format("must be {} to {} bytes long", min, kPasswordMax));
  }
}

void check_file_name(std::string_view name, Faults& faults, std::size_t max) {
  if (!is_utf8(name)) {
    faults.add("name", "must be UTF-8 text");
  } else if (name.empty() || count_code_points(name) > max) {
    faults.add("name", fmt::format("must be 1 to {} characters long", max));
  }
}

void check_title(std::string_view title, Faults& faults) {
  check_text("title", title, kTitleMax, faults);
}

void check_description(std::string_view description, Faults& faults) {
  check_text("description", description, kDescriptionMax, faults);
}

std::vector<std::string> check_tags(const std::vector<std::string>& tags, Faults& faults) {
  std::vector<std::pair<std::string, std::string>> folded;
  for (const std::string& tag : tags) {
    const std::string_view text = trim(tag);
    if (!is_utf8(text)) {
      faults.add("tags", "must be UTF-8 text");
    } else if (text.empty() || count_code_points(text) > kTagMax) {
      faults.add("tags", fmt::format("must be 1 to {} characters long each", kTagMax));
    } else if (has_control(text)) {
      faults.add("tags", "must not contain control characters");
    } else {
      folded.emplace_back(fold_case(text), text);
      continue;
    }
    return {};
  }
  std::ranges::stable_sort(folded, {}, &std::pair<std::string, std::string>::first);
  const auto doubles = std::ranges::unique(folded, {}, &std::pair<std::string, std::string>::first);
  folded.erase(doubles.begin(), doubles.end());
  if (folded.size() > kTagsMax) {
    faults.add("tags", fmt::format("must be at most {}", kTagsMax));
  }
  std::vector<std::string> kept;
  kept.reserve(folded.size());
  for (auto& [form, tag] : folded) kept.push_back(std::move(tag));
  return kept;
}

std::string check_label(std::string_view label, Faults& faults) {
  const std::string_view name = trim(label);
  if (!is_utf8(name)) {
    faults.add("name", "must be UTF-8 text");
  } else if (count_code_points(name) > kLabelMax) {
    faults.add("name", fmt::format("must be at most {} characters long", kLabelMax));
  } else if (has_control(name)) {
    faults.add("name", "must not contain control characters");
  } else if (has_invisible(name)) {
    faults.add("name", kInvisible);
  }
  return std::string(name);
}

void check_display_name(std::string_view name, std::size_t max, Faults& faults) {
  if (!is_utf8(name)) {
    faults.add("name", "must be UTF-8 text");
  } else if (trim(name).empty() || count_code_points(name) > max) {
    faults.add("name", fmt::format("must be 1 to {} characters long", max));
  } else if (has_control(name)) {
    faults.add("name", "must not contain control characters");
  } else if (has_invisible(name)) {
    faults.add("name", kInvisible);
  }
}

std::string login_form(std::string_view text) { return std::string(trim(fold_case(text))); }

std::string search_form(std::string_view text) {
  std::string form = without_accents(fold_case(text));
  for (std::size_t at = 0; at < form.size(); ++at) {
    const std::size_t control = control_length(std::string_view(form).substr(at));
    if (control > 0) form.replace(at, control, " ");
  }
  return form;
}

std::size_t control_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7f) return 1;
  // U+0080 to U+009F.
  if (first == 0xc2 && text.size() > 1 && static_cast<unsigned char>(text[1]) < 0xa0) return 2;
  return 0;
}

bool has_control(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (control_length(text.substr(at)) > 0) return true;
  }
  return false;
}

}  // namespace coffer::vault
