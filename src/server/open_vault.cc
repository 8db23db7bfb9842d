#include "server/open_vault.h"

#include <utility>

#include "base/executor.h"
#include "media/sniff/type.h"
#include "server/options.h"

namespace coffer::server {
namespace {

vault::FileKind kind_of(media::Kind kind) {
  switch (kind) {
    case media::Kind::kImage: return vault::FileKind::kImage;
    case media::Kind::kVideo: return vault::FileKind::kVideo;
    case media::Kind::kAudio: return vault::FileKind::kAudio;
    case media::Kind::kDocument: return vault::FileKind::kDocument;
    case media::Kind::kOther: break;
  }
  return vault::FileKind::kOther;
}

vault::FileType classify(std::string_view name, ByteView head) {
  const media::Type type = media::type_of(name, head);
  return {std::string(type.media_type), kind_of(type.kind)};
}

}  // namespace

OpenVault::OpenVault(const Settings& settings, Stores stores, const Clock& clock, Entropy& entropy)
    : stores_(std::move(stores)),
      passwords_(
          {.memory_bytes = settings.passwords.memory, .parallel = settings.passwords.parallel}),
      context_({.database = *stores_.database,
                .blobs = *stores_.blobs,
                .clock = clock,
                .entropy = entropy,
                .passwords = passwords_,
                .classify = classify,
                .policy = policy_of(settings)}),
      blob_mover_(context_) {
  InlineExecutor here;
  vault_ = here.run(vault::Vault::open(context_));
}

OpenVault::~OpenVault() = default;

}  // namespace coffer::server
