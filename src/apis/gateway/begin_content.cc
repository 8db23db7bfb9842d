#include "apis/gateway/begin_content.h"

#include <exception>
#include <variant>

#include "base/fetched_content.h"

namespace coffer::apis {
namespace {

const http::ContentSection* first_section(const http::Response& response) {
  for (const http::Segment& segment : response.body) {
    const auto* const section = std::get_if<http::ContentSection>(&segment);
    if (section && section->length > 0) return section;
  }
  return nullptr;
}

}  // namespace

Task<void> begin_content(http::Response& response) {
  const http::ContentSection* const section = first_section(response);
  if (!section) co_return;
  const auto* const fetched = dynamic_cast<const FetchedContent*>(section->content.get());
  if (!fetched) co_return;
  std::exception_ptr error;
  try {
    co_await fetched->begin(section->offset, section->length);
  } catch (...) {
    error = std::current_exception();
  }
  if (!error) co_return;
  const http::Delivery nothing{.bytes_sent = 0, .complete = false};
  if (response.after_sending) co_await response.after_sending(nothing);
  std::rethrow_exception(error);
}

}  // namespace coffer::apis
