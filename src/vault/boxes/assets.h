// Assets: images and videos that lie directly in a box.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "vault/boxes/types.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/transfer/uploads.h"

namespace coffer::vault {

// Only what is set changes; an empty optional inside clears.
struct AssetFields {
  std::optional<EntryId> box = {};         // one of the owner's, of whatever project
  std::optional<std::string> prompt = {};  // at most 10,000 characters: the file's description
  std::optional<std::int64_t> order_index = {};  // 0–kOrderIndexMax
  std::optional<bool> is_favorite = {};
  std::optional<AssetStatus> status = {};
  std::optional<AssetSource> source = {};
  std::optional<std::string> error_message = {};      // at most kErrorMessageMax
  std::optional<std::string> external_task_id = {};   // at most kExternalTaskIdMax
  std::optional<std::string> generation_config = {};  // JSON, at most kGenerationConfigMax bytes
  std::optional<std::optional<std::int64_t>> seed = {};
  std::optional<std::optional<AiModelId>> ai_model = {};
  std::optional<std::optional<EntryId>> parent = {};  // another asset of the owner's
};

// Bytes that were received, and what the client calls them.
struct AssetFile {
  StagedBlob staged;
  std::string name;
};

// Where a page of assets begins: behind that one.
struct AssetPosition {
  SpaceId project = {};
  std::int64_t box_index = 0;
  EntryId box = {};
  std::int64_t order_index = 0;
  EntryId asset = {};
};

// An asset in a list.
struct ListedAsset {
  Asset asset;
  AssetPosition position;

  std::size_t text_bytes() const noexcept { return asset.text_bytes(); }
};

struct AssetFilter {
  AccountId owner = {};
  std::optional<EntryId> box = {};
  std::optional<FileKind> kind = {};  // kImage or kVideo
  std::optional<bool> is_favorite = {};
};

struct AssetQuery {
  AssetFilter filter;
  std::optional<AssetPosition> after = {};
  std::uint64_t skip = 0;
  PageLimit limit = {};
};

// All are about the assets of `owner`, or of the actor: others do not exist. Files::remove() and
// all else that a file can do works for them as well. Threads: any executor's.
class Assets {
 public:
  explicit Assets(Context& context) : context_(context) {}

  // Whether the file can be an asset, by its name and its first bytes: add() asks it of each, and
  // whoever receives many may ask it of one before the next. kInvalid with a fault of `file`.
  Result<void> check(const AssetFile& file) const;

  // Makes the files assets of the box, behind those that are there, all or none; events
  // `entry.created`. Where the store makes public objects, each file is one too. kNotFound without
  // that box; kInvalid with a fault of `file` for a file that
  // cannot be one (asset_files.h), of `ai_model` or `parent` where there is none of that number,
  // and of the other fields; kQuotaExceeded, also for a box that would have more than kAssetsMax.
  Task<Result<std::vector<Asset>>> add(Actor actor, EntryId box, std::vector<AssetFile> files,
                                       AssetFields fields);

  // kNotFound.
  Task<Result<Asset>> find(AccountId owner, EntryId id);

  // By project, then by the order of its boxes, then by that of the assets. Off the serving core;
  // throws db::Busy where too many such reads wait.
  Task<Page<ListedAsset>> list(AssetQuery query);
  Task<std::uint64_t> count(AssetFilter filter);

  // Event `entry.updated` where prompt or box change. kNotFound; kInvalid as in add(), with a fault
  // of `box` for one that is not there; kQuotaExceeded.
  Task<Result<Asset>> update(Actor actor, EntryId id, AssetFields fields);

  // Makes it a favourite, or none if it is one. kNotFound.
  Task<Result<Asset>> toggle_favorite(Actor actor, EntryId id);

  // Numbers the assets from 0 in that order. kNotFound unless each is an asset of the actor's, and
  // there once. All or none.
  Task<Result<void>> reorder(Actor actor, std::vector<EntryId> ids);

  // Where the store serves the public object to everybody; empty where there is none, or the store
  // makes none any more: then find_public() serves the file.
  std::string public_url(const blobs::Place& public_object) const;

  // The file of that share token, for everybody, where it is an asset. kNotFound; also when its
  // share has expired, and while its owner is disabled.
  Task<Result<Entry>> find_public(Uuid share);

 private:
  Context& context_;
};

}  // namespace coffer::vault
