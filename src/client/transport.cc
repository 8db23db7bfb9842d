#include "client/transport.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>

#include "base/hash.h"
#include "base/text.h"
#include "client/descriptor.h"
#include "client/error.h"

namespace coffer::client {
namespace {

constexpr std::size_t kBodyMax = std::size_t{64} << 20U;  // of a reply without a sink
constexpr long kConnectTimeout = 15'000;                  // milliseconds
constexpr std::string_view kChecksumPrefix = "sha256:";
constexpr std::size_t kChecksumLength = 7 + 64;

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
struct FreeMime {
  void operator()(curl_mime* mime) const noexcept { curl_mime_free(mime); }
};

using Handle = std::unique_ptr<CURL, FreeEasy>;

// That of the thread's last request. The connections that it keeps serve the next one.
Handle& last_handle() {
  thread_local Handle handle;
  return handle;
}

Handle take_handle() { return last_handle() ? std::move(last_handle()) : Handle(curl_easy_init()); }

// Browsers write names of files so. They leave a percent sign as it is, which makes `%22` of a name
// and an escaped quote one text; then the name follows as RFC 8187 has it, which is read first.
std::string disposition_of(const std::string& filename) {
  std::string plain;
  std::string extended;
  for (const char c : filename) {
    switch (c) {
      case '"': plain += "%22"; break;
      case '\r': plain += "%0D"; break;
      case '\n': plain += "%0A"; break;
      default: plain += c;
    }
    extended += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  std::string line = R"(Content-Disposition: form-data; name="file"; filename=")" + plain + '"';
  if (filename.find('%') != std::string::npos) line += "; filename*=UTF-8''" + extended;
  return line;
}

void check(CURLcode code) {
  if (code != CURLE_OK) throw Error(std::string("libcurl: ") + curl_easy_strerror(code));
}

// The file of a form, and the checksum of what was read of it.
class FormSource {
 public:
  explicit FormSource(const FileForm& form) : path_(form.path), file_(open_file(form.path)) {
    struct ::stat about {};
    if (::fstat(file_.get(), &about) != 0) {
      throw Error(fmt::format("{}: {}", path_.string(), std::strerror(errno)));
    }
    size_ = static_cast<std::uint64_t>(about.st_size);
  }
  std::uint64_t size() const noexcept { return size_; }
  // Why it could not be read to the size that it had; empty: it could.
  const std::string& fault() const noexcept { return fault_; }
  void notify(Progress progress) { progress_ = std::move(progress); }

  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self) {
    return static_cast<FormSource*>(self)->read_some(into, size * count);
  }
  static int seek(void* self, curl_off_t offset, int origin) {
    return static_cast<FormSource*>(self)->rewind(offset, origin);
  }
  static std::size_t read_checksum(char* into, std::size_t size, std::size_t count, void* self) {
    return static_cast<FormSource*>(self)->read_sum(into, size * count);
  }
  static int seek_checksum(void* self, curl_off_t offset, int origin) {
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    static_cast<FormSource*>(self)->sum_at_ = 0;
    return CURL_SEEKFUNC_OK;
  }

 private:
  std::size_t read_some(char* into, std::size_t space) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(space, size_ - at_));
    if (wanted == 0) return 0;
    ::ssize_t count = -1;
    do {
      count = ::pread(file_.get(), into, wanted, static_cast<::off_t>(at_));
    } while (count < 0 && errno == EINTR);
    if (count <= 0) {
      fault_ =
          fmt::format("{}: {}", path_.string(),
                      count < 0 ? std::strerror(errno) : "it became shorter while it was sent");
      return CURL_READFUNC_ABORT;
    }
    const auto got = static_cast<std::size_t>(count);
    sum_.update(ByteView(reinterpret_cast<const std::byte*>(into), got));
    at_ += got;
    if (progress_) progress_(at_, size_);
    return got;
  }

  int rewind(curl_off_t offset, int origin) {
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    at_ = 0;
    sum_ = Sha256();
    text_.clear();
    return CURL_SEEKFUNC_OK;
  }

  std::size_t read_sum(char* into, std::size_t space) {
    if (text_.empty()) text_ = std::string(kChecksumPrefix) + sum_.finish().hex();
    const std::size_t count = std::min(space, text_.size() - sum_at_);
    std::memcpy(into, text_.data() + sum_at_, count);
    sum_at_ += count;
    return count;
  }

  std::filesystem::path path_;
  Descriptor file_;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;
  Sha256 sum_;
  std::string text_;  // of the checksum, once the file was read
  std::size_t sum_at_ = 0;
  std::string fault_;
  Progress progress_;
};

class Transfer {
 public:
  explicit Transfer(const Request& request) : request_(request), easy_(take_handle()) {
    if (!easy_) throw std::bad_alloc();
    set(CURLOPT_URL, request.url.c_str());
    if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeout);
    set(CURLOPT_USERAGENT, "coffer");
    set(CURLOPT_ERRORBUFFER, fault_.data());
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_head_line);
    set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    for (const auto& [name, value] : request.fields) add_field(name + ": " + value);
    if (request.form) {
      set_form(*request.form);
    } else if (!request.json.empty()) {
      add_field("Content-Type: application/json");
      set(CURLOPT_POSTFIELDS, request.json.data());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.json.size()));
    }
    set(CURLOPT_HTTPHEADER, fields_.get());
    set_timeout();
  }

  ~Transfer() {
    // Forgets the request, not the connections.
    curl_easy_reset(easy_.get());
    last_handle() = std::move(easy_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Reply perform() {
    const CURLcode code = curl_easy_perform(easy_.get());
    if (thrown_) std::rethrow_exception(thrown_);
    if (source_ && !source_->fault().empty()) throw Error(source_->fault());
    if (is_too_long_) throw Error("the reply of " + request_.url + " is too long");
    // A refusal that came before all was sent stands.
    const bool is_refused = head_ended_ && reply_.status >= 400 && code == CURLE_SEND_ERROR;
    if (code != CURLE_OK && !is_refused) throw ConnectionLost(explain(code));
    // libcurl takes a connection that ends within a head for the end of a reply.
    if (!head_ended_) throw ConnectionLost(explain(CURLE_GOT_NOTHING));
    return std::move(reply_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    check(curl_easy_setopt(easy_.get(), option, value));
  }

  void add_field(const std::string& line) {
    curl_slist* longer = curl_slist_append(fields_.get(), line.c_str());
    if (!longer) throw std::bad_alloc();
    (void)fields_.release();
    fields_.reset(longer);
  }

  void set_form(const FileForm& form) {
    source_ = std::make_unique<FormSource>(form);
    source_->notify(request_.sent);
    mime_.reset(curl_mime_init(easy_.get()));
    if (!mime_) throw std::bad_alloc();
    for (const auto& [name, value] : form.fields) {
      curl_mimepart* part = add_part(name);
      check(curl_mime_data(part, value.data(), value.size()));
    }
    curl_mimepart* file = add_part("file");
    curl_slist* disposition = curl_slist_append(nullptr, disposition_of(form.filename).c_str());
    if (!disposition) throw std::bad_alloc();
    check(curl_mime_headers(file, disposition, 1));
    check(curl_mime_type(file, "application/octet-stream"));
    check(curl_mime_data_cb(file, static_cast<curl_off_t>(source_->size()), &FormSource::read,
                            &FormSource::seek, nullptr, source_.get()));
    curl_mimepart* sum = add_part("checksum");
    check(curl_mime_data_cb(sum, static_cast<curl_off_t>(kChecksumLength),
                            &FormSource::read_checksum, &FormSource::seek_checksum, nullptr,
                            source_.get()));
    set(CURLOPT_MIMEPOST, mime_.get());
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }

  curl_mimepart* add_part(const std::string& name) {
    curl_mimepart* part = curl_mime_addpart(mime_.get());
    if (!part) throw std::bad_alloc();
    check(curl_mime_name(part, name.c_str()));
    return part;
  }

  void set_timeout() {
    if (!request_.form && !request_.sink) {
      set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
      return;
    }
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(request_.timeout);
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(seconds.count()));
  }

  static std::size_t on_head_line(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::string_view line(data, size * count);
    if (line.starts_with("HTTP/")) {
      transfer.reply_ = {};
      transfer.head_ended_ = false;
    } else if (trim(line).empty()) {
      long status = 0;
      curl_easy_getinfo(transfer.easy_.get(), CURLINFO_RESPONSE_CODE, &status);
      transfer.reply_.status = static_cast<unsigned>(status);
      transfer.head_ended_ = true;
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      transfer.reply_.fields[to_lower_ascii(line.substr(0, colon))] = trim(line.substr(colon + 1));
    }
    return line.size();
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t length = size * count;
    Reply& reply = transfer.reply_;
    if (transfer.request_.sink && (reply.status == 200 || reply.status == 206)) {
      try {
        transfer.request_.sink(reply, ByteView(reinterpret_cast<const std::byte*>(data), length));
      } catch (...) {
        transfer.thrown_ = std::current_exception();
        return 0;
      }
      return length;
    }
    transfer.is_too_long_ = reply.body.size() + length > kBodyMax;
    if (transfer.is_too_long_) return 0;
    reply.body.append(data, length);
    return length;
  }

  std::string explain(CURLcode code) const {
    const std::string_view fault = trim(fault_.data());
    return fmt::format("{}: {}", request_.url.substr(0, request_.url.find('?')),
                       fault.empty() ? curl_easy_strerror(code) : fault);
  }

  const Request& request_;
  Reply reply_;
  bool head_ended_ = false;
  bool is_too_long_ = false;
  std::exception_ptr thrown_;  // by the sink
  std::array<char, CURL_ERROR_SIZE> fault_{};
  std::unique_ptr<FormSource> source_;
  std::unique_ptr<curl_slist, FreeList> fields_;
  std::unique_ptr<curl_mime, FreeMime> mime_;
  Handle easy_;
};

}  // namespace

std::string Reply::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

Reply send(const Request& request) {
  static const CURLcode begun = curl_global_init(CURL_GLOBAL_DEFAULT);
  check(begun);
  return Transfer(request).perform();
}

}  // namespace coffer::client
