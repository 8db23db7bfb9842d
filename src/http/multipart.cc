#include "http/multipart.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/text.h"
#include "http/syntax.h"
#include "http/uri.h"

namespace coffer::http {
namespace {

constexpr std::size_t kMaxHead = 16 * 1024;
constexpr std::size_t kWindow = 16 * 1024;
constexpr std::size_t kMaxPreamble = 16 * 1024 + 2;  // and the CRLF that is put before it
constexpr std::size_t kMaxEpilogue = 64 * 1024;
// Blanks between a boundary and the end of its line.
constexpr std::size_t kMaxPadding = 64;
constexpr std::size_t kMaxBoundary = 70;
// A read this large goes straight into the caller's buffer, at most kMaxDirect bytes of it: all
// of them may turn out to lie behind a boundary and must fit the window then.
constexpr std::size_t kMinDirect = 4 * 1024;
constexpr std::size_t kMaxDirect = 64 * 1024;
static_assert(kMinDirect > 2 * (kMaxBoundary + kMaxPadding + 8));

constexpr std::string_view kBlanks = " \t";

// A parameter of a field: `name=value` or `name="value"`.
struct Parameter {
  std::string_view name;
  std::string_view value;  // without its quotes, escapes as sent
  bool quoted = false;
};

std::string_view after_blanks(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Whether a quoted value may have ended before `text`: nothing follows, or a parameter.
bool follows_a_value(std::string_view text) {
  text = after_blanks(text);
  if (text.empty()) return true;
  if (text.front() != ';') return false;
  text = after_blanks(text.substr(1));
  std::size_t name = 0;
  while (name < text.size() && is_token(text.substr(name, 1))) ++name;
  return text.empty() || (name > 0 && after_blanks(text.substr(name)).starts_with('='));
}

// Where the quote that opens at text[0] closes, or nothing. Behind a backslash it does where the
// value may end: browsers write a backslash as it is, and older curl one before a quote.
std::optional<std::size_t> closing_quote(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"' && (text[i - 1] != '\\' || follows_a_value(text.substr(i + 1)))) return i;
  }
  return std::nullopt;
}

// The parameters in `; a=b; c="d"`; nothing when it is not well formed.
std::optional<std::vector<Parameter>> parse_parameters(std::string_view text) {
  std::vector<Parameter> parameters;
  for (;;) {
    text = after_blanks(text);
    if (text.empty()) return parameters;
    if (text.front() != ';') return std::nullopt;
    text = after_blanks(text.substr(1));
    if (text.empty() || text.front() == ';') continue;

    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Parameter& parameter = parameters.emplace_back();
    parameter.name = trim(text.substr(0, equals));
    if (!is_token(parameter.name)) return std::nullopt;
    text = after_blanks(text.substr(equals + 1));
    parameter.quoted = text.starts_with('"');
    if (parameter.quoted) {
      const auto close = closing_quote(text);
      if (!close) return std::nullopt;
      parameter.value = text.substr(1, *close - 1);
      text.remove_prefix(*close + 1);
    } else {
      const std::size_t end = std::min(text.find(';'), text.size());
      parameter.value = trim(text.substr(0, end));
      text.remove_prefix(end);
    }
  }
}

// `found` is set to the one parameter of that name, null when there is none. False when there
// are two, which no two readers would take alike.
bool find_parameter(const std::vector<Parameter>& parameters, std::string_view name,
                    const Parameter*& found) {
  found = nullptr;
  for (const Parameter& parameter : parameters) {
    if (!equal_ignoring_case(parameter.name, name)) continue;
    if (found) return false;
    found = &parameter;
  }
  return true;
}

// What browsers write for the three characters that cannot stand in quotes; 0 for all else.
char browser_escape(std::string_view text) {
  if (equal_ignoring_case(text.substr(0, 3), "%22")) return '"';
  if (equal_ignoring_case(text.substr(0, 3), "%0D")) return '\r';
  if (equal_ignoring_case(text.substr(0, 3), "%0A")) return '\n';
  return '\0';
}

std::string plain_value(const Parameter& parameter) {
  if (!parameter.quoted) return std::string(parameter.value);
  std::string out;
  const std::string_view text = parameter.value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == R"(\")") {
      out += text[++i];
    } else if (const char escaped = browser_escape(text.substr(i))) {
      out += escaped;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// aiohttp's: Python's quote() with nothing safe. Nothing where `text` is not made so.
std::optional<std::string> percent_encoded_name(std::string_view text, NameEncoding encoding) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_upper_hex = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
    const bool in_escape = (i > 0 && text[i - 1] == '%') || (i > 1 && text[i - 2] == '%');
    const bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (in_escape ? !is_upper_hex : !is_safe && c != '%') return std::nullopt;
  }
  auto decoded = percent_decode(text);
  if (!decoded || !is_utf8(*decoded)) return std::nullopt;
  const auto is_ascii = [](char c) { return static_cast<signed char>(c) >= 0; };
  if (encoding == NameEncoding::kBrowser && std::ranges::all_of(*decoded, is_ascii)) {
    return std::nullopt;
  }
  return decoded;
}

std::string utf8_from_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0U | (byte >> 6U));
      out += static_cast<char>(0x80U | (byte & 0x3fU));
    }
  }
  return out;
}

// RFC 8187: `UTF-8'en'na%C3%AFve`.
std::optional<std::string> extended_value(const Parameter& parameter) {
  const std::string_view text = parameter.value;
  const std::size_t first = text.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view charset = text.substr(0, first);
  auto bytes = percent_decode(text.substr(second + 1));
  if (!bytes) return std::nullopt;
  if (equal_ignoring_case(charset, "UTF-8")) return bytes;
  if (equal_ignoring_case(charset, "ISO-8859-1")) return utf8_from_latin1(*bytes);
  return std::nullopt;
}

// `out` is set to the name that the parameters give in either form, if they do. False when it
// is malformed.
bool read_name(const std::vector<Parameter>& parameters, const std::string& name,
               std::optional<std::string>& out) {
  const Parameter* plain = nullptr;
  const Parameter* extended = nullptr;
  if (!find_parameter(parameters, name, plain) ||
      !find_parameter(parameters, name + "*", extended)) {
    return false;
  }
  if (plain) out = plain_value(*plain);
  if (extended) {
    out = extended_value(*extended);
    if (!out) return false;
  }
  return !out || is_utf8(*out);
}

bool read_disposition(std::string_view value, NameEncoding encoding, PartHead& head) {
  const std::size_t end = std::min(value.find(';'), value.size());
  if (!equal_ignoring_case(trim(value.substr(0, end)), "form-data")) return false;
  const auto parameters = parse_parameters(value.substr(end));
  std::optional<std::string> name;
  if (!parameters || !read_name(*parameters, "name", name) ||
      !read_name(*parameters, "filename", head.filename) || !name) {
    return false;
  }
  head.name = std::move(*name);
  const Parameter* extended = nullptr;
  if (head.filename && find_parameter(*parameters, "filename*", extended) && !extended) {
    auto decoded = percent_encoded_name(*head.filename, encoding);
    if (decoded) head.filename = std::move(decoded);
  }
  return true;
}

bool is_identity(std::string_view encoding) {
  return equal_ignoring_case(encoding, "binary") || equal_ignoring_case(encoding, "8bit") ||
         equal_ignoring_case(encoding, "7bit");
}

// REQUIRES: `text` holds no empty line; each line but the last ends in CRLF.
std::optional<PartHead> parse_head(std::string_view text, NameEncoding encoding) {
  PartHead head;
  bool named = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(kLineEnd), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + kLineEnd.size(), text.size()));
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return std::nullopt;
    }
    // A line that starts with a blank, the folding of old, has no token before its colon.
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (equal_ignoring_case(name, "Content-Disposition")) {
      if (named || !read_disposition(value, encoding, head)) return std::nullopt;
      named = true;
    } else if (equal_ignoring_case(name, "Content-Type")) {
      head.content_type = value;
    } else if (equal_ignoring_case(name, "Content-Transfer-Encoding")) {
      if (!is_identity(value)) return std::nullopt;
    }
  }
  if (!named) return std::nullopt;
  return head;
}

bool may_stand_in_boundary(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// What stands behind a delimiter.
enum class Line {
  kContent,     // anything: the delimiter was content that looks like one
  kUnfinished,  // too little to know
  kNextPart,
  kClose,
};

// What some received bytes of a part are.
struct Sighting {
  std::size_t content = 0;        // so many bytes are content
  Line line = Line::kUnfinished;  // what comes then: nothing known, or a delimiter
  std::size_t line_length = 0;    // of the delimiter's line, without the CRLF that ends it
};

// Finds the delimiter, CRLF and two hyphens and the boundary, in received bytes.
class Delimiter {
 public:
  explicit Delimiter(std::string_view boundary) : text_("\r\n--") { text_ += boundary; }

  Sighting look(std::string_view received) const {
    std::size_t from = 0;
    for (;;) {
      const std::size_t at = find(received, from);
      if (at == std::string_view::npos) {
        return {received.size() - beginning_at_end(received.substr(from)), Line::kUnfinished, 0};
      }
      Sighting sighting{at, Line::kUnfinished, 0};
      sighting.line = judge(received.substr(at + text_.size()), sighting.line_length);
      if (sighting.line != Line::kContent) return sighting;
      // Its one CR is at its start, so the next one cannot start within it.
      from = at + text_.size();
    }
  }

 private:
  std::size_t find(std::string_view received, std::size_t from) const {
    const void* found =
        memmem(received.data() + from, received.size() - from, text_.data(), text_.size());
    return found ? static_cast<std::size_t>(static_cast<const char*>(found) - received.data())
                 : std::string_view::npos;
  }

  // How many bytes at the end of `received`, which holds no delimiter, one may begin with.
  std::size_t beginning_at_end(std::string_view received) const {
    const std::size_t max = std::min(received.size(), text_.size() - 1);
    const std::string_view tail = received.substr(received.size() - max);
    const std::size_t start = tail.rfind('\r');
    if (start == std::string_view::npos) return 0;
    const std::string_view candidate = tail.substr(start);
    return text_.starts_with(candidate) ? candidate.size() : 0;
  }

  Line judge(std::string_view behind, std::size_t& line_length) const {
    if (behind.starts_with("--")) {
      line_length = text_.size() + 2;
      return Line::kClose;
    }
    const std::size_t padding = std::min(behind.find_first_not_of(kBlanks), behind.size());
    if (padding > kMaxPadding) return Line::kContent;
    const std::string_view rest = behind.substr(padding);
    if (rest.starts_with(kLineEnd)) {
      line_length = text_.size() + padding;
      return Line::kNextPart;
    }
    const bool may_go_on = rest.empty() || rest == "\r" || (padding == 0 && rest == "-");
    return may_go_on ? Line::kUnfinished : Line::kContent;
  }

  std::string text_;
};

}  // namespace

std::expected<std::string, NoBoundary> multipart_boundary(std::string_view content_type) {
  const std::size_t end = std::min(content_type.find(';'), content_type.size());
  if (!equal_ignoring_case(trim(content_type.substr(0, end)), "multipart/form-data")) {
    return std::unexpected(NoBoundary::kNotAForm);
  }
  const auto parameters = parse_parameters(content_type.substr(end));
  const Parameter* found = nullptr;
  if (!parameters || !find_parameter(*parameters, "boundary", found) || !found) {
    return std::unexpected(NoBoundary::kInvalid);
  }
  const std::string_view boundary = found->value;
  if (boundary.empty() || boundary.size() > kMaxBoundary || boundary.ends_with(' ') ||
      !std::ranges::all_of(boundary, may_stand_in_boundary)) {
    return std::unexpected(NoBoundary::kInvalid);
  }
  return std::string(boundary);
}

// What was received and not yet given away.
class MultipartReader::Window {
 public:
  enum class State { kPreamble, kPart, kEnd, kFailed };

  // The first delimiter may do without its CRLF, so one stands before the body.
  Window(InputStream& body, std::string_view boundary, Options options)
      : body_(body), delimiter_(boundary), options_(options), buffer_(kWindow) {
    std::memcpy(buffer_.data(), kLineEnd.data(), kLineEnd.size());
    end_ = kLineEnd.size();
  }

  State state() const { return state_; }
  void set_state(State state) { state_ = state; }
  StreamFault stream_fault() const { return stream_fault_; }
  Fault fault() const { return fault_; }
  bool count_part() { return ++parts_ <= options_.max_parts; }

  // A stall is no failure: nothing was taken, and the next call goes on.
  std::unexpected<StreamFault> fail(StreamFault stream_fault, Fault fault = Fault::kNone) {
    if (stream_fault == StreamFault::kStalled) return std::unexpected(stream_fault);
    state_ = State::kFailed;
    stream_fault_ = stream_fault;
    fault_ = fault;
    return std::unexpected(stream_fault);
  }

  // The body has ended, and what should follow is not there.
  std::unexpected<StreamFault> fail_at_end() {
    const bool began = state_ != State::kPreamble;
    return fail(StreamFault::kTruncated, began ? Fault::kNoEnd : Fault::kNoBoundary);
  }

  std::string_view received() const {
    return as_text(ByteView(buffer_).subspan(begin_, end_ - begin_));
  }

  // Of the bytes at hand, as those of a part.
  const Sighting& sighting() {
    if (!looked_) sighting_ = delimiter_.look(received());
    looked_ = true;
    return sighting_;
  }

  void drop_content(std::size_t count) {
    begin_ += count;
    sighting_.content -= count;
  }

  void drop(std::size_t count) {
    begin_ += count;
    looked_ = false;
  }

  std::size_t take_content(ByteSpan into) {
    const std::size_t count = std::min(sighting().content, into.size());
    if (count > 0) std::memcpy(into.data(), buffer_.data() + begin_, count);
    drop_content(count);
    return count;
  }

  // Receives more. The end of the body is kTruncated: all that is read here must go on.
  // REQUIRES: fewer than kWindow bytes are at hand.
  Task<std::expected<void, StreamFault>> fill(std::chrono::milliseconds patience = kForever) {
    if (buffer_.size() < kWindow) buffer_.resize(kWindow);
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    looked_ = false;
    const ByteSpan space = ByteSpan(buffer_).subspan(end_);
    const auto count = co_await body_.read_within(space, patience);
    if (!count) co_return fail(count.error());
    if (*count == 0) co_return fail_at_end();
    end_ += *count;
    co_return std::expected<void, StreamFault>();
  }

  // Receives content straight into `into` and keeps what is none; 0 when that is all.
  // REQUIRES: no content is at hand, `into` holds kMinDirect bytes.
  Task<std::expected<std::size_t, StreamFault>> receive(ByteSpan into,
                                                        std::chrono::milliseconds patience) {
    const std::size_t kept = end_ - begin_;
    if (kept > 0) std::memcpy(into.data(), buffer_.data() + begin_, kept);
    const ByteSpan space = into.subspan(kept, std::min(into.size(), kMaxDirect) - kept);
    const auto count = co_await body_.read_within(space, patience);
    if (!count) co_return fail(count.error());
    if (*count == 0) co_return fail_at_end();
    const ByteSpan all = into.first(kept + *count);
    sighting_ = delimiter_.look(as_text(all));
    looked_ = true;
    const ByteSpan rest = all.subspan(sighting_.content);
    if (buffer_.size() < rest.size()) {
      buffer_.resize(rest.size() > kWindow ? kMaxDirect : kWindow);
    }
    if (!rest.empty()) std::memcpy(buffer_.data(), rest.data(), rest.size());
    begin_ = 0;
    end_ = rest.size();
    co_return std::exchange(sighting_.content, 0);
  }

  // Waits for more of a part and keeps of the buffer only what is at hand meanwhile.
  Task<void> ready() {
    if (sighting().content > 0 || sighting().line != Line::kUnfinished) co_return;
    buffer_ = Bytes(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                    buffer_.begin() + static_cast<std::ptrdiff_t>(end_));
    end_ -= std::exchange(begin_, 0);
    co_await body_.ready();
  }

  InputStream& body() noexcept { return body_; }

  // Drops content up to the delimiter; kMalformed when it is more than `max`.
  Task<std::expected<void, StreamFault>> skip_content(std::uint64_t max) {
    for (;;) {
      const Sighting seen = sighting();
      if (seen.content > max) co_return fail(StreamFault::kMalformed, Fault::kNoBoundary);
      max -= seen.content;
      drop_content(seen.content);
      if (seen.line != Line::kUnfinished) co_return std::expected<void, StreamFault>();
      const auto filled = co_await fill();
      if (!filled) co_return filled;
    }
  }

  // Reads a head to the empty line that ends it. REQUIRES: what is at hand starts with the CRLF
  // that ends the delimiter's line.
  Task<std::expected<PartHead, StreamFault>> take_head() {
    constexpr std::string_view kEmptyLine = "\r\n\r\n";
    std::size_t searched = 0;
    for (;;) {
      const std::size_t at = received().find(kEmptyLine, searched);
      const bool found = at != std::string_view::npos;
      if ((found ? at + kEmptyLine.size() : received().size()) >= kMaxHead) {
        co_return fail(StreamFault::kMalformed, Fault::kExcess);
      }
      if (found) {
        const std::size_t start = std::min(kLineEnd.size(), at);
        auto head = parse_head(received().substr(start, at - start), options_.names);
        if (!head) co_return fail(StreamFault::kMalformed, Fault::kHead);
        drop(at + kEmptyLine.size());
        co_return std::move(*head);
      }
      searched = received().size() - std::min(received().size(), kEmptyLine.size() - 1);
      const auto filled = co_await fill();
      if (!filled) co_return std::unexpected(filled.error());
    }
  }

  // Reads what follows the last part, to the end of the body.
  Task<std::expected<void, StreamFault>> drain() {
    std::size_t max = kMaxEpilogue;
    for (;;) {
      const std::size_t count = end_ - begin_;
      if (count > max) co_return fail(StreamFault::kMalformed, Fault::kExcess);
      max -= count;
      begin_ = end_ = 0;
      if (buffer_.size() < kWindow) buffer_.resize(kWindow);
      const auto more = co_await body_.read(ByteSpan(buffer_));
      if (!more) co_return fail(more.error());
      if (*more == 0) co_return std::expected<void, StreamFault>();
      end_ = *more;
    }
  }

 private:
  InputStream& body_;
  const Delimiter delimiter_;
  const Options options_;
  Bytes buffer_;
  std::size_t begin_ = 0;  // at hand are [begin_, end_) of the buffer
  std::size_t end_ = 0;
  Sighting sighting_;    // good while looked_
  bool looked_ = false;  // no byte came since sighting_ was made
  State state_ = State::kPreamble;
  StreamFault stream_fault_ = StreamFault::kMalformed;
  Fault fault_ = Fault::kNone;
  std::size_t parts_ = 0;
};

MultipartReader::MultipartReader(InputStream& body, std::string boundary, Options options)
    : window_(std::make_unique<Window>(body, boundary, options)) {}
MultipartReader::~MultipartReader() = default;

MultipartReader::Fault MultipartReader::fault() const noexcept { return window_->fault(); }

Task<std::expected<std::optional<PartHead>, StreamFault>> MultipartReader::next() {
  Window& window = *window_;
  if (window.state() == Window::State::kFailed) co_return std::unexpected(window.stream_fault());
  if (window.state() == Window::State::kEnd) co_return std::optional<PartHead>();

  const bool first = window.state() == Window::State::kPreamble;
  const auto skipped = co_await window.skip_content(first ? kMaxPreamble : UINT64_MAX);
  if (!skipped) co_return std::unexpected(skipped.error());
  const Sighting seen = window.sighting();
  window.drop(seen.line_length);
  if (seen.line == Line::kClose) {
    const auto drained = co_await window.drain();
    if (!drained) co_return std::unexpected(drained.error());
    window.set_state(Window::State::kEnd);
    co_return std::optional<PartHead>();
  }
  if (!window.count_part()) {
    co_return window.fail(StreamFault::kMalformed, Fault::kTooManyParts);
  }
  window.set_state(Window::State::kPart);
  auto head = co_await window.take_head();
  if (!head) co_return std::unexpected(head.error());
  co_return std::optional<PartHead>(std::move(*head));
}

Task<std::expected<std::size_t, StreamFault>> MultipartReader::read(ByteSpan into) {
  return read_within(into, kForever);
}

Task<void> MultipartReader::ready() {
  if (window_->state() == Window::State::kPart) co_await window_->ready();
}

Task<bool> MultipartReader::wait(OneShotEvent& event, std::chrono::milliseconds max_wait) {
  return window_->body().wait(event, max_wait);
}

std::string_view MultipartReader::sender() const noexcept { return window_->body().sender(); }

Task<std::expected<std::size_t, StreamFault>> MultipartReader::read_within(
    ByteSpan into, std::chrono::milliseconds patience) {
  Window& window = *window_;
  if (window.state() == Window::State::kFailed) co_return std::unexpected(window.stream_fault());
  if (window.state() != Window::State::kPart) co_return std::size_t{0};
  for (;;) {
    const std::size_t taken = window.take_content(into);
    if (taken > 0 || window.sighting().line != Line::kUnfinished) co_return taken;
    if (into.size() >= kMinDirect) {
      const auto received = co_await window.receive(into, patience);
      if (!received || *received > 0) co_return received;
    } else {
      const auto filled = co_await window.fill(patience);
      if (!filled) co_return std::unexpected(filled.error());
    }
  }
}

Task<std::expected<std::string, StreamFault>> MultipartReader::read_text(std::size_t max) {
  std::string text;
  std::array<std::byte, 1024> piece;
  for (;;) {
    const auto count = co_await read(piece);
    if (!count) co_return std::unexpected(count.error());
    if (*count == 0) co_return text;
    if (*count > max - text.size()) co_return window_->fail(StreamFault::kTooLarge);
    text += as_text(ByteView(piece).first(*count));
  }
}

}  // namespace coffer::http
