#include "apis/pages/link_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/file_reply.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/page.h"
#include "apis/kit/share_link.h"
#include "apis/pages/link_preview.h"
#include "apis/pages/views.h"
#include "base/log.h"
#include "base/text.h"
#include "http/content.h"
#include "http/cookie.h"

namespace coffer::apis::pages {
namespace {

using vault::Entry;
using vault::OpenShareLink;
using vault::ShareLink;

constexpr std::uint64_t kGalleryFiles = 100;  // of a page
constexpr std::string_view kCookie = "coffer_share";

Task<std::expected<OpenShareLink, Problem>> open_link(RequestContext& context) {
  const auto token = Uuid::parse(context.path.text("token"));
  if (!token) co_return std::unexpected(nothing_here());
  auto open = co_await context.vault.share_links().open(*token);
  if (!open) co_return std::unexpected(nothing_here());
  co_return std::move(*open);
}

bool is_unlocked(const RequestContext& context, const ShareLink& link) {
  return context.vault.share_links().is_unlocked(link,
                                                 http::cookie(context.request.headers, kCookie));
}

std::string path_of(const RequestContext& context, const ShareLink& link) {
  return std::string(context.client.base_path) + share_path(link.token);
}

// A collection as the first step of the way to a file in it.
Entry as_folder(const vault::Collection& collection) {
  Entry folder;
  folder.type.kind = vault::FileKind::kFolder;
  folder.name = collection.name;
  folder.description = collection.description;
  return folder;
}

// The file that the path names: what is shared, or one of the shared collection.
Task<std::expected<Entry, Problem>> find_file(RequestContext& context, const OpenShareLink& open,
                                              bool is_below) {
  const auto* shared = std::get_if<Entry>(&open.shared);
  if (!is_below) {
    if (!shared) co_return std::unexpected(nothing_here());
    co_return *shared;
  }
  const auto ref = Uuid::parse(context.path.text("entry"));
  if (!ref) co_return std::unexpected(nothing_here());
  auto file = co_await context.vault.share_links().find_file(open.link, *ref);
  if (!file) co_return std::unexpected(nothing_here());
  co_return std::move(*file);
}

PageLocation location_of(const RequestContext& context, const OpenShareLink& open) {
  PageLocation place{.base_path = context.client.base_path,
                     .base_url = context.client.base_url,
                     .token = open.link.token,
                     .way = {}};
  place.may_download = open.link.allow_download;
  place.is_counted = open.link.max_downloads.has_value();
  place.makes_pictures = context.vault.pictures().has_maker();
  if (const auto* collection = std::get_if<vault::Collection>(&open.shared)) {
    place.way.push_back(as_folder(*collection));
  }
  return place;
}

http::Response password_page(const RequestContext& context, const ShareLink& link, bool is_wrong) {
  const View view = password_view(path_of(context, link), is_wrong);
  return page_response(is_wrong ? 403 : 200, {.base_path = context.client.base_path,
                                              .title = "Password required",
                                              .content = view.content,
                                              .has_form = true});
}

// A page of the files in the collection. Those with long texts are read one by one.
Task<vault::Result<Gallery>> read_gallery(RequestContext& context, const ShareLink& link,
                                          const vault::Collection& collection) {
  Gallery gallery;
  const auto page = context.request.uri.parameter("page");
  gallery.page = std::clamp<std::uint64_t>(page ? parse_unsigned(*page).value_or(1) : 1, 1,
                                           vault::kCollectionMax);
  vault::EntryQuery query;
  query.owner = link.owner;
  query.collection = collection.id;
  query.sort = vault::EntrySort::kPosition;
  query.descending = false;
  query.offset = (gallery.page - 1) * kGalleryFiles;
  query.limit = kGalleryFiles;
  auto found = co_await context.vault.entries().list(query);
  if (!found) co_return std::unexpected(found.error());
  gallery.total = found->total;
  gallery.pages = std::max<std::uint64_t>((found->total + kGalleryFiles - 1) / kGalleryFiles, 1);
  gallery.files = std::move(found->entries);
  for (const vault::EntryId id : found->rest) {
    auto file = co_await context.vault.entries().find(link.owner, id);
    if (file) gallery.files.push_back(std::move(*file));
  }
  for (Entry& file : gallery.files) {
    file = context.vault.share_links().for_reader(link, std::move(file));
  }
  co_return gallery;
}

Task<Reply> show_file(RequestContext& context, const OpenShareLink& open, bool is_below) {
  auto file = co_await find_file(context, open, is_below);
  if (!file) co_return std::unexpected(file.error());
  PageLocation place = location_of(context, open);
  place.way.push_back(std::move(*file));
  const View view = co_await read_file_view(context.vault, place);
  co_return view_response(place, view);
}

Task<Reply> show(RequestContext& context, const OpenShareLink& open, bool is_below) {
  if (open.link.is_used_up()) co_return std::unexpected(nothing_here());
  if (!is_unlocked(context, open.link)) co_return password_page(context, open.link, false);
  const auto* collection = std::get_if<vault::Collection>(&open.shared);
  if (is_below || !collection) {
    Reply reply = co_await show_file(context, open, is_below);
    co_return reply;
  }
  const auto gallery = co_await read_gallery(context, open.link, *collection);
  if (!gallery) co_return std::unexpected(gallery.error());
  const PageLocation place = location_of(context, open);
  co_return view_response(place, gallery_view(place, *gallery));
}

Task<void> settle(vault::Vault& vault, vault::CountedDownload counted, http::Delivery delivery) {
  try {
    co_await vault.share_links().settle(counted, delivery.bytes_sent, !delivery.complete);
  } catch (const std::exception& error) {
    log::error("download of a share not settled", {{"error", error.what()}});
  }
}

// What is the same in all requests of one download.
std::string downloader_of(const RequestContext& context) {
  std::string who = context.client.limit_key();
  who += ' ';
  who += context.request.header("User-Agent").value_or("");
  return who;
}

// The request as its head has it. A HEAD asks what a GET would get.
vault::ShareDownload download_of(const RequestContext& context, const Entry& file) {
  vault::ShareDownload download;
  const auto range = context.request.headers.joined("Range");
  download.is_range = range && http::parse_range(*range, file.size);
  download.client = downloader_of(context);
  return download;
}

std::uint64_t content_bytes(const http::Response& reply) {
  std::uint64_t bytes = 0;
  for (const http::Segment& segment : reply.body) {
    const auto* const section = std::get_if<http::ContentSection>(&segment);
    if (section) bytes += section->length;
  }
  return bytes;
}

// Counts what `reply` sends; false: the link is used up.
Task<bool> count(RequestContext& context, const ShareLink& link, const Entry& file,
                 http::Response& reply) {
  const bool has_body =
      context.request.method == http::Method::kGet && (reply.status == 200 || reply.status == 206);
  if (!has_body) co_return true;
  vault::ShareDownload download;
  download.is_range = reply.status == 206;
  download.client = downloader_of(context);
  download.bytes = content_bytes(reply);
  const auto counted = co_await context.vault.share_links().count(link, file, download);
  if (!counted) co_return false;
  if (counted->counted_at) {
    reply.after_sending = [&vault = context.vault,
                           counted = *counted](const http::Delivery& delivery) {
      return settle(vault, counted, delivery);
    };
  }
  co_return true;
}

// Programs that preview links get thumbnails, which are made for that, and of what is not counted
// other pictures too.
bool is_kept_from_previews(const ShareLink& link, Rendition rendition) {
  return rendition == Rendition::kContent ||
         (rendition == Rendition::kImage && link.max_downloads.has_value());
}

// The file, or a picture of it.
Task<Reply> send(RequestContext& context, const ShareLink& link, const Entry& file,
                 Rendition rendition) {
  if (rendition != Rendition::kContent) {
    Reply picture = co_await picture_reply(context, file, rendition);
    co_return picture;
  }
  if (!link.allow_download && (is_download(context.request) || !is_shown(file))) {
    co_return std::unexpected(Problem(ProblemKind::kForbidden,
                                      "This file can be viewed here; downloads are not allowed"));
  }
  Reply content = co_await file_reply(context, file, "inline");
  co_return content;
}

}  // namespace

Problem nothing_here() { return {ProblemKind::kNotFound, "Nothing is shared here"}; }

Task<Reply> show_link(RequestContext& context, bool is_below) {
  const auto open = co_await open_link(context);
  if (!open) co_return std::unexpected(open.error());
  Reply reply = co_await show(context, *open, is_below);
  co_return reply;
}

Task<Reply> send_link(RequestContext& context, bool is_below, Rendition rendition) {
  const auto open = co_await open_link(context);
  if (!open) co_return std::unexpected(open.error());
  const ShareLink& link = open->link;
  if (is_link_preview(context.request) && is_kept_from_previews(link, rendition)) {
    Reply page = co_await show(context, *open, is_below);
    co_return page;
  }
  if (!is_unlocked(context, link)) {
    if (link.is_used_up()) co_return std::unexpected(nothing_here());
    co_return std::unexpected(Problem(ProblemKind::kForbidden,
                                      "A password protects it. Open the page of the share, "
                                      "which asks for it."));
  }
  const auto file = co_await find_file(context, *open, is_below);
  if (!file) co_return std::unexpected(file.error());
  if (rendition == Rendition::kThumbnail) {
    if (link.is_used_up()) co_return std::unexpected(nothing_here());
    Reply thumbnail = co_await picture_reply(context, *file, rendition);
    if (thumbnail) keep_private(*thumbnail);
    co_return thumbnail;
  }
  // A reply without bytes describes the file too.
  vault::ShareDownload asked = download_of(context, *file);
  const bool is_open =
      co_await context.vault.share_links().is_open_to(link, *file, std::move(asked));
  if (!is_open) co_return std::unexpected(nothing_here());
  Reply reply = co_await send(context, link, *file, rendition);
  if (!reply) co_return reply;
  keep_private(*reply);
  const bool may_go = co_await count(context, link, *file, *reply);
  if (!may_go) co_return std::unexpected(nothing_here());
  co_return reply;
}

Task<Reply> unlock_link(RequestContext& context) {
  const auto open = co_await open_link(context);
  if (!open) co_return std::unexpected(open.error());
  const ShareLink& link = open->link;
  if (link.is_used_up()) co_return std::unexpected(nothing_here());
  http::Response response = http::Response::text(303, "text/plain; charset=utf-8", "");
  response.headers.set("Location", path_of(context, link));
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("Referrer-Policy", "no-referrer");
  if (!link.has_password()) co_return response;
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  std::string password = fields.text("password");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto key = co_await context.vault.share_links().unlock(link, std::move(password),
                                                               context.client.limit_key());
  if (!key) {
    if (key.error().code != vault::FailureCode::kWrongPassword) {
      co_return std::unexpected(key.error());
    }
    co_return password_page(context, link, true);
  }
  response.headers.set("Set-Cookie",
                       fmt::format("{}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{}", kCookie,
                                   key->text, path_of(context, link), key->lasts.count(),
                                   context.client.secure ? "; Secure" : ""));
  co_return response;
}

}  // namespace coffer::apis::pages
