#include "http/digest_fields.h"

#include <algorithm>
#include <cstdint>
#include <variant>
#include <vector>

#include "base/text.h"

namespace coffer::http {
namespace {

constexpr std::string_view kSha256 = "sha-256";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_one_of(char c, std::string_view set) { return set.find(c) != set.npos; }

struct Other {};  // a value of a type that no digest field has a use for
using Value = std::variant<Other, Bytes, std::int64_t>;

struct Member {
  std::string_view key;
  Value value;
};

// RFC 8941 section 4.2.2. Each take_…() takes what it names from the start of the text, or gives
// nothing where it is not there.
class DictionaryParser {
 public:
  explicit DictionaryParser(std::string_view text) : rest_(text) {}

  std::optional<std::vector<Member>> parse() {
    std::vector<Member> members;
    skip(" ");
    while (!rest_.empty()) {
      auto member = take_member();
      if (!member) return std::nullopt;
      members.push_back(std::move(*member));
      skip(" \t");
      if (rest_.empty()) break;
      if (!take(',')) return std::nullopt;
      skip(" \t");
      if (rest_.empty()) return std::nullopt;
    }
    return members;
  }

 private:
  char front() const { return rest_.empty() ? '\0' : rest_.front(); }
  void skip(std::string_view set) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(set), rest_.size()));
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The longest start of which every character `fits`.
  template <class Fits>
  std::string_view take_while(Fits fits) {
    const auto end = std::ranges::find_if_not(rest_, fits);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::optional<std::string_view> take_key() {
    if (!is_lower(front()) && front() != '*') return std::nullopt;
    return take_while([](char c) { return is_lower(c) || is_digit(c) || is_one_of(c, "_-.*"); });
  }

  std::optional<Member> take_member() {
    const auto key = take_key();
    if (!key) return std::nullopt;
    Member member{.key = *key, .value = Other()};
    if (take('=')) {
      auto value = front() == '(' ? take_inner_list() : take_bare_item();
      if (!value) return std::nullopt;
      member.value = std::move(*value);
    }
    if (!take_parameters()) return std::nullopt;
    return member;
  }

  bool take_parameters() {
    while (take(';')) {
      skip(" ");
      if (!take_key()) return false;
      if (take('=') && !take_bare_item()) return false;
    }
    return true;
  }

  std::optional<Value> take_inner_list() {
    take('(');
    for (;;) {
      skip(" ");
      if (take(')')) return Other();
      if (!take_bare_item() || !take_parameters()) return std::nullopt;
      if (front() != ' ' && front() != ')') return std::nullopt;
    }
  }

  std::optional<Value> take_bare_item() {
    const char c = front();
    if (c == ':') return take_bytes();
    if (c == '"') return take_string();
    if (c == '?') return take_boolean();
    if (c == '-' || is_digit(c)) return take_number();
    if (!is_alpha(c) && c != '*') return std::nullopt;
    take_while([](char each) {
      return is_alpha(each) || is_digit(each) || is_one_of(each, "!#$%&'*+-.^_`|~:/");
    });
    return Other();
  }

  std::optional<Value> take_bytes() {
    take(':');
    const std::string_view text = take_while([](char c) { return c != ':'; });
    auto bytes = from_base64(text);
    if (!bytes || !take(':')) return std::nullopt;
    return std::move(*bytes);
  }

  std::optional<Value> take_string() {
    take('"');
    while (!rest_.empty()) {
      const char c = front();
      rest_.remove_prefix(1);
      if (c == '"') return Other();
      if (c == '\\' && !take('"') && !take('\\')) return std::nullopt;
      if (c < ' ' || c > '~') return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<Value> take_boolean() {
    take('?');
    if (!take('0') && !take('1')) return std::nullopt;
    return Other();
  }

  std::optional<Value> take_number() {
    const bool is_negative = take('-');
    const std::string_view whole = take_while(is_digit);
    if (whole.empty() || whole.size() > 15) return std::nullopt;
    if (take('.')) {
      const std::string_view fraction = take_while(is_digit);
      if (whole.size() > 12 || fraction.empty() || fraction.size() > 3) return std::nullopt;
      return Other();
    }
    const auto number = static_cast<std::int64_t>(parse_unsigned(whole).value_or(0));
    return is_negative ? -number : number;
  }

  std::string_view rest_;
};

}  // namespace

std::optional<DigestField> parse_digest_field(std::string_view field) {
  const auto members = DictionaryParser(field).parse();
  if (!members) return std::nullopt;
  DigestField found;
  for (const Member& member : *members) {
    const auto* bytes = std::get_if<Bytes>(&member.value);
    if (!bytes) return std::nullopt;  // RFC 9530 section 2: all values are byte sequences
    if (member.key != kSha256) continue;
    found.sha256 = Sha256Digest::from_bytes(*bytes);
    if (!found.sha256) return std::nullopt;
  }
  return found;
}

std::string digest_field(const Sha256Digest& digest) {
  std::string out(kSha256);
  out += "=:" + to_base64(digest.bytes) + ':';
  return out;
}

bool wants_sha256(std::string_view field) {
  const auto members = DictionaryParser(field).parse();
  if (!members) return true;
  bool wanted = true;
  for (const Member& member : *members) {
    const auto* preference = std::get_if<std::int64_t>(&member.value);
    if (member.key == kSha256) wanted = !preference || *preference != 0;
  }
  return wanted;
}

}  // namespace coffer::http
