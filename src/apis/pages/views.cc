#include "apis/pages/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "apis/kit/human.h"
#include "apis/kit/page.h"
#include "apis/kit/share_link.h"
#include "base/text.h"

namespace coffer::apis::pages {
namespace {

using vault::Entry;
using vault::FileKind;

// A picture in a list is the file itself: larger ones get a symbol.
constexpr std::uint64_t kPreviewMax = 3 * 1024 * 1024;
// A picture of a gallery likewise; a larger bound, because pictures are what a gallery is for.
constexpr std::uint64_t kGalleryPictureMax = 32 * 1024 * 1024;
constexpr std::size_t kExtensionMax = 5;

// What every browser of today shows as a picture.
bool is_picture(const Entry& entry) {
  constexpr std::array kTypes{"image/jpeg", "image/png",     "image/gif", "image/webp",
                              "image/avif", "image/svg+xml", "image/bmp"};
  return std::ranges::find(kTypes, entry.type.media_type) != kTypes.end();
}

// What a browser opens by itself, safely.
bool opens(const Entry& entry) {
  const std::string& type = entry.type.media_type;
  return is_picture(entry) || type == "application/pdf" || type.starts_with("text/plain");
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// `MP4 video`, `Picture`, `Folder`.
std::string kind_text(const Entry& entry) {
  std::string_view kind = "File";
  switch (entry.type.kind) {
    case FileKind::kImage: kind = "Picture"; break;
    case FileKind::kVideo: kind = "Video"; break;
    case FileKind::kAudio: kind = "Audio"; break;
    case FileKind::kDocument: kind = "Document"; break;
    case FileKind::kFolder: return "Folder";
    case FileKind::kOther: break;
  }
  const std::string_view name = entry.name;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::string(kind);
  const std::string_view extension = name.substr(dot + 1);
  const bool is_short = !extension.empty() && extension.size() <= kExtensionMax;
  if (!is_short || !std::ranges::all_of(extension, is_alphanumeric)) return std::string(kind);
  std::string text;
  for (const char c : extension)
    text += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text + ' ' + to_lower_ascii(kind);
}

// `18 October 2025`.
std::string date_text(Time time) {
  constexpr std::array kMonths{"January",   "February", "March",    "April",
                               "May",       "June",     "July",     "August",
                               "September", "October",  "November", "December"};
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return fmt::format(
      R"(<time datetime="{}">{} {} {}</time>)", to_iso8601(time), static_cast<unsigned>(day.day()),
      kMonths.at(static_cast<unsigned>(day.month()) - 1), static_cast<int>(day.year()));
}

// The entry's own part of an address, a token derived from the share; nothing for what the
// address's token itself stands for.
std::optional<Uuid> below(const PageLocation& place, const Entry& entry) {
  if (entry.id == place.way.front().id) return std::nullopt;
  return entry.uuid;
}

// Links, as HTML.
std::string page_of(const PageLocation& place, const Entry& entry) {
  return escape_html(place.base_path) + share_path(place.token, below(place, entry));
}
std::string content_of(const PageLocation& place, const Entry& entry) {
  return escape_html(place.base_path) + shared_content_path(place.token, below(place, entry));
}

// Text in a direction of its own, so that it turns nothing around it.
std::string name_html(const Entry& entry) { return "<bdi>" + escape_html(entry.name) + "</bdi>"; }

std::string breadcrumbs(const PageLocation& place) {
  if (place.way.size() < 2) return {};
  std::string html = "<nav class=\"crumbs\" aria-label=\"Folders above\"><ol>";
  for (auto step = place.way.begin(); step + 1 != place.way.end(); ++step) {
    fmt::format_to(std::back_inserter(html), R"(<li><a href="{}">{}</a></li>)",
                   page_of(place, *step), name_html(*step));
  }
  return html + "</ol></nav>\n";
}

std::string description_html(const Entry& entry) {
  if (!entry.description) return {};
  return fmt::format("<p class=\"about\" dir=\"auto\">{}</p>\n", escape_html(*entry.description));
}

std::string count_text(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("<span>{} {}</span>", count, count == 1 ? one : many);
}

// Only of a list that is there as a whole.
std::string counts(const Listing& listing) {
  if (!listing.is_start || !listing.is_end || listing.entries.empty()) return {};
  const auto folders = static_cast<std::size_t>(
      std::ranges::count_if(listing.entries, [](const Entry& entry) { return entry.is_folder(); }));
  const std::size_t files = listing.entries.size() - folders;
  std::uint64_t bytes = 0;
  for (const Entry& entry : listing.entries) bytes += entry.size;
  std::string html = "<p class=\"facts\">";
  if (folders > 0) html += count_text(folders, "folder", "folders");
  if (files > 0) {
    html += count_text(files, "file", "files");
    html += fmt::format("<span>{}</span>", human_size(bytes));
  }
  return html + "</p>\n";
}

std::string thumb(const PageLocation& place, const Entry& entry) {
  if (!is_picture(entry) || entry.size > kPreviewMax || place.is_counted) {
    return std::string(icon_of(entry.type.kind));
  }
  return fmt::format(R"(<img src="{}" alt="" loading="lazy" decoding="async">)",
                     content_of(place, entry));
}

std::string row(const PageLocation& place, const Entry& entry) {
  const std::string size =
      entry.is_folder() ? ""
                        : fmt::format("<span class=\"size\">{}</span>", human_size(entry.size));
  return fmt::format(
      "<li><a href=\"{}\"><span class=\"thumb\">{}</span><span class=\"name\" "
      "dir=\"auto\">{}</span>"
      "<span class=\"kind\">{}</span>{}</a></li>\n",
      page_of(place, entry), thumb(place, entry), escape_html(entry.name),
      escape_html(kind_text(entry)), size);
}

// What plays it; nothing where nothing does. Of a film a browser shows the first picture, unless
// nothing is to be loaded yet.
std::string player(const PageLocation& place, const Entry& file, std::string_view preload) {
  const std::string source = content_of(place, file);
  if (file.type.kind == FileKind::kVideo) {
    return fmt::format(R"(<video controls playsinline preload="{}" src="{}"></video>)", preload,
                       source);
  }
  if (file.type.kind == FileKind::kAudio) {
    return fmt::format(R"(<audio controls preload="{}" src="{}"></audio>)", preload, source);
  }
  return {};
}

// The file itself, as far as a browser shows it.
std::string stage(const PageLocation& place) {
  const Entry& file = place.shown();
  const std::string source = content_of(place, file);
  std::string shown = player(place, file, place.is_counted ? "none" : "metadata");
  if (shown.empty() && is_picture(file) && !place.is_counted) {
    shown = fmt::format(R"(<img src="{}" alt="{}">)", source, escape_html(file.name));
  }
  if (shown.empty()) {
    shown = fmt::format(R"(<span class="plain">{}</span>)", icon_of(file.type.kind));
  }
  return "<div class=\"stage\">" + shown + "</div>\n";
}

// A picture or a film among others; nothing for what is neither, or is not to be loaded unasked.
std::string tile(const PageLocation& place, const Entry& file) {
  if (place.is_counted) return {};
  if (is_picture(file) && file.size <= kGalleryPictureMax) {
    return fmt::format(
        "<li><a href=\"{}\"><img src=\"{}\" alt=\"{}\" loading=\"lazy\" "
        "decoding=\"async\"></a></li>\n",
        page_of(place, file), content_of(place, file), escape_html(file.name));
  }
  if (file.type.kind != FileKind::kVideo) return {};
  return fmt::format(
      "<li class=\"film\">{}<a class=\"name\" dir=\"auto\" href=\"{}\">{}</a></li>\n",
      player(place, file, "none"), page_of(place, file), escape_html(file.name));
}

// Links to the pages before and after.
std::string turn_pages(const PageLocation& place, const Gallery& gallery) {
  if (gallery.pages < 2) return {};
  const std::string path = page_of(place, place.shown());
  std::string html = "<p class=\"next\">";
  if (gallery.page > 1) {
    fmt::format_to(std::back_inserter(html),
                   "<a class=\"button\" rel=\"prev\" href=\"{}?page={}\">Back</a> ", path,
                   gallery.page - 1);
  }
  if (gallery.page < gallery.pages) {
    fmt::format_to(std::back_inserter(html),
                   "<a class=\"button\" rel=\"next\" href=\"{}?page={}\">More</a>", path,
                   gallery.page + 1);
  }
  return html + "</p>\n";
}

}  // namespace

std::string folder_view(const PageLocation& place, const Listing& listing) {
  const Entry& folder = place.shown();
  std::string html = breadcrumbs(place);
  html += "<h1>" + name_html(folder) + "</h1>\n" + counts(listing) + description_html(folder);
  if (listing.entries.empty()) return html + "<p class=\"empty\">This folder is empty.</p>\n";
  html += "<ul class=\"list\">\n";
  for (const Entry& entry : listing.entries) html += row(place, entry);
  html += "</ul>\n";
  if (!listing.is_end) {
    fmt::format_to(
        std::back_inserter(html),
        "<p class=\"next\"><a class=\"button\" rel=\"next\" href=\"{}?after={}\">More</a></p>\n",
        page_of(place, folder), listing.entries.back().uuid.str());
  }
  return html;
}

std::string file_view(const PageLocation& place) {
  const Entry& file = place.shown();
  const std::string source = content_of(place, file);
  std::string html = breadcrumbs(place);
  html += fmt::format(
      "<h1>{}</h1>\n<p class=\"facts\"><span>{}</span><span>{}</span><span>{}</span></p>\n",
      name_html(file), escape_html(kind_text(file)), human_size(file.size),
      date_text(file.created_at));
  html += description_html(file) + stage(place);
  if (!place.may_download && !is_shown(file)) {
    return html +
           "<p class=\"note\">Whoever shared this lets it be looked at only, and a browser cannot "
           "show a file of this kind.</p>\n";
  }
  html += "<div class=\"actions\">";
  if (place.may_download) {
    html += fmt::format(R"(<a class="button main" href="{}{}">{}Download</a>)", source,
                        kDownloadQuery, download_icon());
  }
  if (opens(file)) html += fmt::format(R"(<a class="button" href="{}">Open</a>)", source);
  return html + "</div>\n";
}

std::string gallery_view(const PageLocation& place, const Gallery& gallery) {
  const Entry& shown = place.shown();
  std::string html = "<h1>" + name_html(shown) + "</h1>\n";
  if (gallery.total > 0) {
    html += "<p class=\"facts\">" + count_text(gallery.total, "file", "files") + "</p>\n";
  }
  html += description_html(shown);
  if (gallery.total == 0) return html + "<p class=\"empty\">This collection is empty.</p>\n";
  std::string tiles;
  std::string rows;
  for (const Entry& file : gallery.files) {
    const std::string of_file = tile(place, file);
    if (!of_file.empty()) {
      tiles += of_file;
      continue;
    }
    std::string line = row(place, file);
    const bool plays = file.type.kind == FileKind::kAudio && !place.is_counted;
    if (plays) line.insert(line.rfind("</li>"), player(place, file, "none"));
    rows += line;
  }
  if (!tiles.empty()) html += "<ul class=\"gallery\">\n" + tiles + "</ul>\n";
  if (!rows.empty()) html += "<ul class=\"list\">\n" + rows + "</ul>\n";
  return html + turn_pages(place, gallery);
}

std::string password_view(const std::string& path, bool is_wrong) {
  return fmt::format(
      "<h1>This is shared with a password</h1>\n<form class=\"form\" method=\"post\" "
      "action=\"{}\">\n"
      "<label>Password<input type=\"password\" name=\"password\" required maxlength=\"1024\" "
      "autocomplete=\"off\" autofocus></label>\n{}"
      "<div class=\"actions\"><button class=\"button main\">Open</button></div>\n</form>\n",
      escape_html(path),
      is_wrong ? "<p class=\"fault\" role=\"alert\">This is not the password.</p>\n" : "");
}

bool is_shown(const Entry& file) {
  return opens(file) || file.type.kind == FileKind::kVideo || file.type.kind == FileKind::kAudio;
}

}  // namespace coffer::apis::pages
