#include "apis/gateway/body_check.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "apis/gateway/body.h"
#include "base/text.h"
#include "http/digest_fields.h"
#include "http/multipart.h"

namespace coffer::apis {
namespace {

constexpr std::size_t kDrainStep = 16 * 1024;

// Texts one after another, so that none can be taken for the end of the one before.
void add_text(Sha256& hash, std::string_view text) {
  hash.update(as_bytes(std::to_string(text.size()) + ':'));
  hash.update(as_bytes(text));
}

std::expected<std::optional<Sha256Digest>, Problem> announced(const http::Request& request,
                                                              std::string_view name) {
  const auto field = request.headers.joined(name);
  if (!field) return std::nullopt;
  const auto digest = http::parse_digest_field(*field);
  if (!digest) {
    return std::unexpected(Problem::field(
        std::string(name), "Must be digests as RFC 9530 has them: sha-256=:<base64>:"));
  }
  return digest->sha256;
}

// What type a body has, as far as it matters what it is: a form's boundary does not.
std::string type_of(const http::Request& request, bool is_form) {
  if (is_form) return "multipart/form-data";
  return to_lower_ascii(trim(request.header("Content-Type").value_or("")));
}

Problem corrupt() { return Problem::of(StreamFault::kCorrupt); }

// Forgets what it reads; `watch`, if there is one, is told.
Task<std::optional<Problem>> read_to_end(InputStream& stream, http::FormWatch* watch) {
  Bytes buffer(kDrainStep);
  for (;;) {
    const auto count = co_await stream.read(buffer);
    if (!count) co_return Problem::of(count.error());
    if (*count == 0) co_return std::nullopt;
    if (watch) watch->content(ByteView(buffer).first(*count));
  }
}

}  // namespace

class BodyCheck::HashedBody final : public http::RequestBody {
 public:
  HashedBody(http::RequestBody& body, std::optional<Sha256Digest> expected)
      : body_(body), expected_(expected) {
    if (body_.length() == 0) finish();
  }

  // Once all of it has come.
  const std::optional<Sha256Digest>& digest() const noexcept { return digest_; }
  bool is_corrupt() const noexcept { return expected_ && digest_ && *digest_ != *expected_; }

  std::optional<std::uint64_t> length() const noexcept override { return body_.length(); }
  void set_limit(std::uint64_t bytes) noexcept override { body_.set_limit(bytes); }
  std::uint64_t limit() const noexcept override { return body_.limit(); }
  void limit_time(std::uint64_t bytes) noexcept override { body_.limit_time(bytes); }
  void set_sender(std::string_view address) override { body_.set_sender(address); }
  std::string_view sender() const noexcept override { return body_.sender(); }
  Task<void> ready() override { return body_.ready(); }
  Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait) override {
    return body_.wait(event, max_wait);
  }

  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    return read_within(into, kForever);
  }
  Task<std::expected<std::size_t, StreamFault>> read_within(
      ByteSpan into, std::chrono::milliseconds patience) override {
    if (is_corrupt()) co_return std::unexpected(StreamFault::kCorrupt);
    const auto count = co_await body_.read_within(into, patience);
    if (!count || digest_) co_return count;
    hash_.update(into.first(*count));
    received_ += *count;
    // A reader that knows the length does not read the end.
    if (*count == 0 || received_ == body_.length()) finish();
    if (is_corrupt()) co_return std::unexpected(StreamFault::kCorrupt);
    co_return count;
  }

 private:
  void finish() { digest_ = hash_.finish(); }

  http::RequestBody& body_;
  const std::optional<Sha256Digest> expected_;
  Sha256 hash_;
  std::uint64_t received_ = 0;
  std::optional<Sha256Digest> digest_;
};

class BodyCheck::MemoryBody final : public http::RequestBody {
 public:
  MemoryBody(std::string text, std::string sender)
      : text_(std::move(text)), sender_(std::move(sender)) {}

  std::optional<std::uint64_t> length() const noexcept override { return text_.size(); }
  void set_limit(std::uint64_t) noexcept override {}
  std::uint64_t limit() const noexcept override { return text_.size(); }
  void limit_time(std::uint64_t) noexcept override {}
  void set_sender(std::string_view address) override { sender_ = address; }
  std::string_view sender() const noexcept override { return sender_; }
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    const ByteView left = as_bytes(text_).subspan(at_);
    const std::size_t count = std::min(left.size(), into.size());
    std::ranges::copy(left.first(count), into.begin());
    at_ += count;
    co_return count;
  }

 private:
  std::string text_;
  std::string sender_;
  std::size_t at_ = 0;
};

class BodyCheck::FormHash final : public http::FormWatch {
 public:
  // `body` and `expected` are set where Repr-Digest is.
  FormHash(const HashedBody* body, std::optional<Sha256Digest> expected)
      : body_(body), expected_(expected) {}

  const std::optional<Sha256Digest>& digest() const noexcept { return digest_; }

  void begin_part(std::string_view name, const std::optional<std::string>& filename) override {
    end_part();
    add_text(parts_, name);
    add_text(parts_, filename ? "file" : "text");
    if (filename) add_text(parts_, *filename);
    is_file_ = filename.has_value();
    part_.emplace();
  }
  void content(ByteView bytes) override { part_.value().update(bytes); }
  bool end() override {
    end_part();
    if (!digest_) digest_ = parts_.finish();
    if (!expected_) return true;
    return body_->digest() == *expected_ || (files_ == 1 && file_ == *expected_);
  }

 private:
  void end_part() {
    if (!part_) return;
    const Sha256Digest digest = part_->finish();
    part_.reset();
    parts_.update(digest.bytes);
    if (!is_file_) return;
    file_ = digest;
    ++files_;
  }

  const HashedBody* body_;
  const std::optional<Sha256Digest> expected_;
  Sha256 parts_;
  std::optional<Sha256> part_;
  bool is_file_ = false;
  Sha256Digest file_;  // the last one
  std::size_t files_ = 0;
  std::optional<Sha256Digest> digest_;  // of the form
};

BodyCheck::BodyCheck(http::Request& request, bool is_form)
    : request_(request), body_(request.body), is_form_(is_form) {}

BodyCheck::~BodyCheck() {
  request_.body = body_;
  request_.form_watch = nullptr;
}

std::expected<std::unique_ptr<BodyCheck>, Problem> BodyCheck::begin(http::Request& request,
                                                                    bool wants_fingerprint) {
  auto content = announced(request, "Content-Digest");
  if (!content) return std::unexpected(std::move(content.error()));
  auto repr = announced(request, "Repr-Digest");
  if (!repr) return std::unexpected(std::move(repr.error()));
  if (!*content && !*repr && !wants_fingerprint) return nullptr;
  const bool is_form =
      http::multipart_boundary(request.header("Content-Type").value_or("")).has_value();
  std::unique_ptr<BodyCheck> check(new BodyCheck(request, is_form));
  std::optional<Sha256Digest> expected = *content;
  if (!is_form && *repr) {
    if (expected && *expected != **repr) return std::unexpected(corrupt());
    expected = *repr;
  }
  if (expected || *repr || !is_form) {
    check->hashed_ = std::make_unique<HashedBody>(*request.body, expected);
    if (check->hashed_->is_corrupt()) return std::unexpected(corrupt());
    request.body = check->hashed_.get();
  }
  if (is_form) {
    check->form_ = std::make_unique<FormHash>(check->hashed_.get(), *repr);
    request.form_watch = check->form_.get();
  }
  return check;
}

Task<std::optional<Problem>> BodyCheck::read_into_memory() {
  if (!hashed_) {
    hashed_ = std::make_unique<HashedBody>(*body_, std::nullopt);
    request_.body = hashed_.get();
  }
  auto text = co_await read_whole_body(request_);
  if (!text) co_return std::move(text.error());
  memory_ = std::make_unique<MemoryBody>(std::move(*text), std::string(body_->sender()));
  request_.body = memory_.get();
  co_return std::nullopt;
}

Task<std::optional<Problem>> BodyCheck::drain() {
  if (!is_form_ || memory_) {
    auto problem = co_await read_to_end(*request_.body, nullptr);
    co_return problem;
  }
  const auto type = request_.header("Content-Type").value_or("");
  http::MultipartReader reader = form_parts(request_, http::multipart_boundary(type).value());
  for (;;) {
    const auto head = co_await reader.next();
    if (!head) co_return Problem::of(head.error());
    if (!*head) break;
    form_->begin_part((*head)->name, (*head)->filename);
    auto problem = co_await read_to_end(reader, form_.get());
    if (problem) co_return problem;
  }
  if (!form_->end()) co_return corrupt();
  co_return std::nullopt;
}

Sha256Digest BodyCheck::fingerprint() const {
  const bool counts_parts = is_form_ && !memory_;
  const auto& digest = counts_parts ? form_->digest() : hashed_->digest();
  if (!digest) throw std::logic_error("a request was carried out before all of it had come");
  Sha256 hash;
  add_text(hash, request_.method_name);
  add_text(hash, request_.uri.raw_path);
  for (const auto& [name, value] : request_.uri.query) {
    add_text(hash, name);
    add_text(hash, value);
  }
  add_text(hash, type_of(request_, is_form_));
  hash.update(digest->bytes);
  return hash.finish();
}

}  // namespace coffer::apis
