#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

constexpr char kTrash[] = "Trash";

}  // namespace

Operations describe_trash() {
  return {
      {.routes = {"GET /trash"},
       .id = "list_trash",
       .tag = kTrash,
       .summary = "List what can be restored",
       .parameters = page_parameters(),
       .answers = {page_answer("A page of it, what was deleted last first", ref("TrashedMedia"))}},
      {.routes = {"POST /trash/{id}/restore"},
       .id = "restore_media",
       .tag = kTrash,
       .summary = "Restore a medium",
       .about = "Into its folder, or where that is gone the root of the account's own space. Its "
                "links are new.",
       .parameters = {media_id_parameter()},
       .answers = {answer("The medium", ref("Media"))}},
      {.routes = {"DELETE /trash/{id}"},
       .id = "delete_trashed_media",
       .tag = kTrash,
       .summary = "Delete a medium for good",
       .parameters = {media_id_parameter()},
       .answers = {deleted_answer()}},
      {.routes = {"DELETE /trash"},
       .id = "empty_trash",
       .tag = kTrash,
       .summary = "Delete all that is in the trash for good",
       .answers = {answer("How much that was",
                          object({{"deleted", about(integer(0), "Media")},
                                  {"freed_bytes", about(integer(0), "Of the quota")}}))}},
  };
}

}  // namespace coffer::apis::mediavault
