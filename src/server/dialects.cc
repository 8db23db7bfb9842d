#include "server/dialects.h"

#include <string>
#include <utility>

#include "apis/boxes/boxes.h"
#include "apis/fileuploader/fileuploader.h"
#include "apis/mediavault/mediavault.h"
#include "apis/operations/operations.h"
#include "apis/pages/pages.h"
#include "apis/quantum/quantum.h"
#include "apis/streamvault/streamvault.h"

namespace coffer::server {

std::vector<std::unique_ptr<apis::Dialect>> make_dialects(apis::Metrics& metrics,
                                                          const Clock& clock, Packages* packages,
                                                          RealtimeParts realtime) {
  std::vector<std::unique_ptr<apis::Dialect>> dialects;
  dialects.push_back(apis::pages::make_front());
  dialects.push_back(apis::mediavault::make(clock));
  dialects.push_back(
      apis::mediavault::make_realtime(clock, realtime.hub, std::move(realtime.options)));
  for (auto& part : apis::streamvault::make()) dialects.push_back(std::move(part));
  dialects.push_back(apis::fileuploader::make());
  dialects.push_back(apis::quantum::make([packages] {
    return packages ? packages->report().upgradable : std::vector<std::string>();
  }));
  dialects.push_back(apis::boxes::make());
  dialects.push_back(apis::make_operations(metrics));
  dialects.push_back(apis::pages::make());
  dialects.push_back(apis::reference::make(apis::reference::documents(dialects)));
  return dialects;
}

std::vector<ApiDocument> make_documents(apis::Metrics& metrics, const Clock& clock) {
  return apis::reference::documents(make_dialects(metrics, clock, nullptr));
}

}  // namespace coffer::server
