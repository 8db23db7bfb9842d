// A request and a response, as the application sees them. RFC 9110, 9112.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/memory_budget.h"
#include "base/stream.h"
#include "base/task.h"
#include "http/uri.h"

namespace coffer::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

Method method_from(std::string_view name) noexcept;
// `GET`, …; empty for kOther.
std::string_view name_of(Method method) noexcept;

// Fields in the order they came; names compare without case.
class Headers {
 public:
  // Good until the headers are changed.
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  class Iterator;

  // REQUIRES: neither is a view into these headers; the same of set().
  void add(std::string_view name, std::string_view value);
  // Replaces every field of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  // The first field of that name; nothing when there is none. Good until the headers are changed.
  std::optional<std::string_view> get(std::string_view name) const noexcept;
  // All values of that name joined with ", " (RFC 9110 section 5.3); nothing when none.
  std::optional<std::string> joined(std::string_view name) const;

  // Whether is_field_text() holds for every name and value, also of such as were replaced.
  bool are_field_text() const noexcept;

  Iterator begin() const noexcept;
  Iterator end() const noexcept;
  std::size_t size() const noexcept { return field_ranges_.size(); }
  void clear() noexcept;

 private:
  // Where a field stands in `text_`: its value follows its name.
  struct FieldRange {
    std::uint32_t start;
    std::uint32_t name_length;
    std::uint32_t value_length;
  };

  Field field_at(const FieldRange& range) const noexcept {
    const std::string_view text(text_);
    return {text.substr(range.start, range.name_length),
            text.substr(range.start + range.name_length, range.value_length)};
  }
  FieldRange append(std::string_view name, std::string_view value);
  bool is_named(const FieldRange& range, std::string_view name) const noexcept;

  std::string text_;  // of all fields, also of such as were replaced or removed
  std::vector<FieldRange> field_ranges_;
};

class Headers::Iterator {
 public:
  using value_type = Field;
  using difference_type = std::ptrdiff_t;

  Iterator() noexcept = default;
  Iterator(const Headers& headers, std::vector<FieldRange>::const_iterator range) noexcept
      : headers_(&headers), place_(range) {}

  Field operator*() const noexcept { return headers_->field_at(*place_); }
  Iterator& operator++() noexcept { return ++place_, *this; }
  Iterator operator++(int) noexcept { return {*headers_, place_++}; }
  bool operator==(const Iterator& other) const noexcept { return place_ == other.place_; }

 private:
  const Headers* headers_ = nullptr;
  std::vector<FieldRange>::const_iterator place_;
};

inline Headers::Iterator Headers::begin() const noexcept { return {*this, field_ranges_.begin()}; }
inline Headers::Iterator Headers::end() const noexcept { return {*this, field_ranges_.end()}; }

// The body of a request as it comes in.
class RequestBody : public InputStream {
 public:
  // From Content-Length; nothing for a chunked body; 0 without a body.
  virtual std::optional<std::uint64_t> length() const noexcept = 0;
  // The most bytes read() will give before it answers kTooLarge. With a known length above
  // it, the first read() says so. Called before the first read().
  virtual void set_limit(std::uint64_t bytes) noexcept = 0;
  virtual std::uint64_t limit() const noexcept = 0;
  // From now on the sender has the time that the server gives to so many bytes
  // (Limits::body_timeout); then read() answers kTooSlow. 0: what is left may take longer.
  virtual void limit_time(std::uint64_t bytes) noexcept = 0;
  // What sender() gives from now on.
  virtual void set_sender(std::string_view address) = 0;
};

// Receives what a request's form holds, part by part, from its reader.
class FormWatch {
 public:
  virtual ~FormWatch() = default;

  // A part begins. `filename` as in PartHead: set for a file.
  virtual void begin_part(std::string_view name, const std::optional<std::string>& filename) = 0;
  // Its content goes on.
  virtual void content(ByteView bytes) = 0;
  // The form has ended. False: it is not what was announced, and nothing of it may be used.
  [[nodiscard]] virtual bool end() = 0;
};

// One request. Lives until its response was sent.
struct Request {
  Method method = Method::kOther;
  std::string method_name;
  std::string target;  // as sent
  Target uri;          // the target taken apart
  Headers headers;
  std::string peer_address;  // `127.0.0.1`, `::1`: the other end of the connection
  bool secure = false;       // came over TLS
  bool is_http_1_0 = false;
  std::string id;                   // `req_…`, unique; every reply carries it as X-Request-Id
  RequestBody* body = nullptr;      // never null while the request is handled
  FormWatch* form_watch = nullptr;  // null: nobody wants to know

  // What the application wants to know again in Service::finished().
  std::size_t route = kNoRoute;
  std::int64_t account = 0;
  std::string client_address;  // who asks, through proxies; empty: not worked out
  std::size_t max_parts = 0;   // of its form
  // What the application holds of this request's body, and makes of it.
  MemoryBudget::Lease memory;
  static constexpr std::size_t kNoRoute = static_cast<std::size_t>(-1);

  std::optional<std::string_view> header(std::string_view name) const noexcept {
    return headers.get(name);
  }
};

// A part of a response's body: text, or a section of stored bytes.
struct ContentSection {
  std::shared_ptr<const Content> content;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
using Segment = std::variant<std::string, ContentSection>;

// A body that is made while it is sent, for what would be too much to hold at once.
class BodySource {
 public:
  virtual ~BodySource() = default;

  // The next piece; an empty one is the end, after which there are no more calls. Called on the
  // connection's core, one call at a time, and only once every earlier piece was taken to be sent:
  // between two calls a slow client may take as long as the limits allow, so a source holds no
  // transaction, lock or worker meanwhile. Throws when the rest cannot be made: the connection is
  // then cut, and the client sees a reply without its end.
  virtual Task<std::string> next() = 0;
};

// How the sending of a response ended.
struct Delivery {
  std::uint64_t bytes_sent = 0;  // of the body, as far as the machine took them to send
  bool complete = true;          // false: the client left, or was cut, before all was sent
};
// What the application does then. Awaited by the connection before it goes on. Must not throw.
using AfterSending = std::move_only_function<Task<void>(const Delivery&)>;

class WebSocketHandler;

// What the application answers. Date, Content-Length, Transfer-Encoding, Connection and
// X-Request-Id are the server's; for HEAD the server sends the head alone.
struct Response {
  unsigned status = 200;
  Headers headers;
  std::vector<Segment> body;
  // What follows `body`, which then consists of strings. The reply has no Content-Length: it goes
  // out in chunks, to an HTTP/1.0 client until the connection is closed (RFC 9112 sections 6.3 and
  // 7.1). Destroyed after finished() at the latest. Null: nothing follows.
  std::unique_ptr<BodySource> rest;
  // Ends the connection after this response.
  bool close = false;
  // Empty: nothing. Not called when the server itself is destroyed meanwhile.
  AfterSending after_sending;
  // With status 101: what serves the connection from now on, which is a WebSocket (web_socket.h).
  // Null: it stays one of requests. `body` and what follows it count for nothing then.
  std::shared_ptr<WebSocketHandler> web_socket;

  // Of `body`, without `rest`.
  std::uint64_t length() const noexcept;

  static Response text(unsigned status, std::string content_type, std::string body);
};

// `OK`, `Not Found`, …
std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace coffer::http
