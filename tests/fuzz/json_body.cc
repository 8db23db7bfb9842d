// Bodies of JSON and of forms, as the dialects read them.
#include <array>
#include <string>

#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "base/memory_budget.h"
#include "fuzz.h"

using namespace coffer;
using namespace coffer::apis;

namespace {

class Body final : public http::RequestBody {
 public:
  Body(std::string_view bytes, std::uint32_t seed) : bytes_(bytes, seed) {}
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  void set_limit(std::uint64_t bytes) noexcept override { limit_ = bytes; }
  std::uint64_t limit() const noexcept override { return limit_; }
  void limit_time(std::uint64_t) noexcept override {}
  void set_sender(std::string_view) override {}
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) override {
    return bytes_.read(into);
  }

 private:
  fuzz::PiecesStream bytes_;
  std::uint64_t limit_ = UINT64_MAX;
};

constexpr std::array kTypes{"application/json", "application/x-www-form-urlencoded",
                            "multipart/form-data; boundary=B", "application/merge-patch+json"};

void take_fields(const boost::json::object& object) {
  Fields fields(object);
  fields.text("username");
  fields.nullable_text("title");
  fields.texts("tags");
  const auto problem = fields.problem();

  RestFields rest(object);
  rest.text("username", 150);
  rest.nullable_text("title", 100);
  rest.integer("number", 1, 10'000);
  rest.nullable_integer("seed", INT64_MIN, INT64_MAX);
  rest.keys("asset_ids", 100);
  rest.uuid("upload_id");
  rest.optional_reference("folder");
  rest.nullable_time("expires_at");
  if (const auto fault = rest.problem()) {
    http::Request request;
    COFFER_CHECK(render_rest_problem(*fault, request).status == 400);
  }
}

}  // namespace

COFFER_FUZZ(input) {
  static MemoryBudget budget(std::size_t{64} << 20U);
  const std::uint32_t seed = input.byte();
  http::Request request;
  request.memory = MemoryBudget::Lease(budget, "127.0.0.1");
  request.max_parts = 20;
  request.headers.add("Content-Type", kTypes[input.byte() % kTypes.size()]);
  const std::string bytes(input.rest());
  {
    Body body(bytes, seed);
    request.body = &body;
    const auto object = fuzz::run(read_json(request));
    if (object) take_fields(*object);
  }
  Body body(bytes, seed);
  request.body = &body;
  const auto fields = fuzz::run(read_fields(request));
  if (fields) take_fields(*fields);
  if (!fields) COFFER_CHECK(status_of(fields.error().kind) < 500);
}
