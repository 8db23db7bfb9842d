#include "apis/pages/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "apis/kit/human.h"
#include "apis/kit/page.h"
#include "apis/kit/picture_reply.h"
#include "apis/kit/share_link.h"
#include "apis/pages/display.h"
#include "apis/pages/open_graph.h"
#include "base/text.h"

namespace coffer::apis::pages {
namespace {

using vault::Entry;
using vault::FileKind;

// Bytes up to which a picture is shown as it is, where a smaller one could be made of it.
constexpr std::uint64_t kOriginalMax = 3 * 1024 * 1024;
// The same where none can.
constexpr std::uint64_t kOnlyOriginalMax = 32 * 1024 * 1024;
constexpr std::uint32_t kLargeEdge = 1920;  // pixels, of a picture on its own page
constexpr std::size_t kExtensionMax = 5;
constexpr std::string_view kPlaySymbol =
    R"(<svg viewBox="0 0 12 12" aria-hidden="true"><path d="M3 1.5v9L10.5 6z"/></svg>)";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// `MP4 video`, `Picture`, `Text file`, `Folder`.
std::string kind_text(const Entry& entry) {
  std::string_view kind = "File";
  switch (entry.type.kind) {
    case FileKind::kImage: kind = "Picture"; break;
    case FileKind::kVideo: kind = "Video"; break;
    case FileKind::kAudio: kind = "Audio"; break;
    // What is not laid out for paper is called a document by nobody.
    case FileKind::kDocument:
      kind = display_of(entry) == Display::kText ? "File" : "Document";
      break;
    case FileKind::kFolder: return "Folder";
    case FileKind::kOther: break;
  }
  const std::string_view name = entry.name;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::string(kind);
  const std::string_view extension = name.substr(dot + 1);
  const bool is_short = !extension.empty() && extension.size() <= kExtensionMax;
  if (!is_short || !std::ranges::all_of(extension, is_alphanumeric)) return std::string(kind);
  if (equal_ignoring_case(extension, "txt")) return "Text file";
  if (equal_ignoring_case(extension, "md")) return "Markdown file";
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

// The thumbnail, where there is one.
const vault::Thumbnail* thumbnail_of(const Entry& entry) {
  return entry.media && entry.media->thumbnail ? &*entry.media->thumbnail : nullptr;
}
std::string thumbnail_path(const PageLocation& place, const Entry& entry) {
  return shared_thumbnail_path(place.token, below(place, entry)) + '?' + picture_version(entry);
}
std::string thumbnail_link(const PageLocation& place, const Entry& entry) {
  return escape_html(place.base_path) + thumbnail_path(place, entry);
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
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// As text: of what is separated by dots on a page.
using FactList = std::vector<std::string>;

// `more`: further ones, as HTML.
std::string facts_html(const FactList& facts, const std::string& more = "") {
  if (facts.empty()) return {};
  std::string html = "<p class=\"facts\">";
  for (const std::string& fact : facts) html += "<span>" + escape_html(fact) + "</span>";
  return html + more + "</p>\n";
}

// Only of a list that is there as a whole.
FactList counts(const Listing& listing) {
  if (!listing.is_start || !listing.is_end || listing.entries.empty()) return {};
  const auto folders = static_cast<std::size_t>(
      std::ranges::count_if(listing.entries, [](const Entry& entry) { return entry.is_folder(); }));
  const std::size_t files = listing.entries.size() - folders;
  std::uint64_t bytes = 0;
  for (const Entry& entry : listing.entries) bytes += entry.size;
  FactList facts;
  if (folders > 0) facts.push_back(count_text(folders, "folder", "folders"));
  if (files > 0) {
    facts.push_back(count_text(files, "file", "files"));
    facts.push_back(human_size(bytes));
  }
  return facts;
}

// What a chat shows of a link to the page: what its owner wrote about it, or else the facts.
// `picture`: the entry with a thumbnail to show; null: none.
std::string card_of(const PageLocation& place, const FactList& facts, std::string_view type,
                    const Entry* picture) {
  const Entry& shown = place.shown();
  LinkCard card{.title = shown.name, .description = shown.description.value_or("")};
  for (const std::string& fact : facts) {
    if (shown.description) break;
    if (!card.description.empty()) card.description += " · ";
    card.description += fact;
  }
  card.url = place.base_url;
  card.url += share_path(place.token, below(place, shown));
  card.type = type;
  if (const auto* thumbnail = picture ? thumbnail_of(*picture) : nullptr) {
    card.image = CardImage{.url = std::string(place.base_url) + thumbnail_path(place, *picture),
                           .media_type = "image/webp",
                           .width = thumbnail->width,
                           .height = thumbnail->height,
                           .alt = picture->name};
  }
  return card_tags(card);
}

// The first of these that can be seen; null: none.
const Entry* first_picture(const std::vector<Entry>& entries) {
  const auto found =
      std::ranges::find_if(entries, [](const Entry& entry) { return thumbnail_of(entry); });
  return found == entries.end() ? nullptr : &*found;
}

// The address of a picture of the file among others; empty where there is none, or none may be
// loaded unasked. Never a large file where something smaller soon will be.
std::string small_picture(const PageLocation& place, const Entry& entry) {
  if (thumbnail_of(entry)) return thumbnail_link(place, entry);
  if (place.is_counted || display_of(entry) != Display::kPicture) return {};
  const bool is_coming =
      place.makes_pictures && entry.media && entry.media->state == vault::MediaState::kProcessing;
  if (entry.size > (is_coming ? kOriginalMax : kOnlyOriginalMax)) return {};
  return content_of(place, entry);
}

std::string thumb(const PageLocation& place, const Entry& entry) {
  const std::string picture = small_picture(place, entry);
  if (picture.empty()) return std::string(icon_of(entry.type.kind));
  return fmt::format(R"(<img src="{}" alt="" loading="lazy" decoding="async">)", picture);
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

// Of a film without a thumbnail a browser shows the first picture, unless nothing is to be loaded
// yet. REQUIRES: a film or a sound that plays.
std::string player(const PageLocation& place, const Entry& file, std::string_view preload) {
  const std::string source = content_of(place, file);
  const std::string name = escape_html(file.name);
  if (display_of(file) == Display::kFilm) {
    const std::string poster =
        thumbnail_of(file) ? fmt::format(R"( poster="{}")", thumbnail_link(place, file)) : "";
    return fmt::format(
        R"(<video controls playsinline preload="{}"{} src="{}" aria-label="{}"></video>)", preload,
        poster, source, name);
  }
  return fmt::format(R"(<audio controls preload="{}" src="{}" aria-label="{}"></audio>)", preload,
                     source, name);
}

// What cannot be shown: a symbol, and why.
std::string plain(const Entry& file, std::string_view why) {
  std::string html = fmt::format(R"(<span class="plain">{}</span>)", icon_of(file.type.kind));
  if (!why.empty()) html += fmt::format("<p class=\"why\">{}</p>", why);
  return html;
}

bool is_played(const Entry& file) {
  return file.type.kind == FileKind::kVideo || file.type.kind == FileKind::kAudio;
}

// Below a player. A page without script does not learn whether a film plays, so it says what to do
// if it does not.
std::string player_note(const PageLocation& place) {
  const bool is_rare = is_played_by_some(place.shown());
  std::string note = is_rare ? "Not every browser plays this format. If yours does not, "
                             : "If nothing plays, your browser does not know this format: ";
  note += place.may_download ? "download the file and open it in a media player."
                             : "try another browser.";
  return "<p class=\"note hint\">" + note + "</p>\n";
}

// Text, in a box that scrolls by itself.
std::string text_stage(const PageLocation& place, const std::optional<TextExcerpt>& excerpt) {
  const Entry& file = place.shown();
  std::string why;
  if (!excerpt && is_text_shown(place)) why = "This is not text in UTF-8, so it is not shown here.";
  if (excerpt && excerpt->html.empty()) why = "This file is empty.";
  if (!why.empty() || !excerpt) {
    return fmt::format("<div class=\"stage\">{}</div>\n", plain(file, why));
  }
  std::string html = fmt::format(
      "<pre class=\"reader\" dir=\"auto\" tabindex=\"0\" role=\"region\" aria-label=\"Text of "
      "the file\">\n{}</pre>\n",
      excerpt->html);
  if (excerpt->is_cut) {
    html +=
        fmt::format("<p class=\"note hint\">Only the beginning is shown; the file has {}.</p>\n",
                    human_size(file.size));
  }
  return html;
}

// The address of the file as one large picture; empty where there is none. Where one is made, it is
// light, and without what a camera writes beside the picture.
std::string large_picture(const PageLocation& place, const Entry& file) {
  const bool has_thumbnail = thumbnail_of(file) != nullptr;
  const bool is_made = has_thumbnail && place.makes_pictures && !place.is_counted &&
                       file.type.kind == FileKind::kImage && !may_move(file);
  const bool opens_itself = display_of(file) == Display::kPicture && !place.is_counted;
  if (opens_itself && (!is_made || file.size <= kOriginalMax)) return content_of(place, file);
  if (!is_made) return has_thumbnail ? thumbnail_link(place, file) : "";
  return fmt::format("{}{}?w={}&amp;h={}&amp;{}", escape_html(place.base_path),
                     shared_image_path(place.token, below(place, file)), kLargeEdge, kLargeEdge,
                     picture_version(file));
}

std::string in_stage(std::string_view kind, const std::string& shown) {
  return fmt::format("<div class=\"stage{}\">{}</div>\n", kind, shown);
}

// Its picture, or a symbol, and why there is no more.
std::string still(const PageLocation& place, std::string_view why) {
  const Entry& file = place.shown();
  const std::string source = large_picture(place, file);
  if (source.empty()) return in_stage("", plain(file, why));
  std::string html =
      in_stage("", fmt::format(R"(<img src="{}" alt="{}">)", source, escape_html(file.name)));
  if (!why.empty()) html += fmt::format("<p class=\"note hint\">{}</p>\n", why);
  return html;
}

// The file itself, as far as a browser shows it.
std::string stage(const PageLocation& place, const std::optional<TextExcerpt>& excerpt) {
  const Entry& file = place.shown();
  const std::string_view preload = place.is_counted || thumbnail_of(file) ? "none" : "metadata";
  switch (display_of(file)) {
    case Display::kFilm: return in_stage("", player(place, file, preload)) + player_note(place);
    case Display::kSound: {
      std::string cover;
      if (thumbnail_of(file)) {
        cover = fmt::format(R"(<img class="cover" src="{}" alt="">)", thumbnail_link(place, file));
      }
      return in_stage("", cover + player(place, file, preload)) + player_note(place);
    }
    case Display::kPdf:
      if (place.is_counted) break;
      return in_stage(" paper", fmt::format(R"(<iframe src="{}" title="{}"></iframe>)",
                                            content_of(place, file), escape_html(file.name)));
    case Display::kText: return text_stage(place, excerpt);
    case Display::kPicture: break;
    case Display::kNone:
      if (!is_played(file)) break;
      return still(place, place.may_download
                              ? "Browsers cannot play this format. Download the file and open it "
                                "in a media player."
                              : "Browsers cannot play this format.");
  }
  return still(place, "");
}

// `3:25`, `1:02:09`.
std::string duration_text(double seconds) {
  const auto all = static_cast<std::uint64_t>(std::llround(std::max(seconds, 0.0)));
  if (all < 3600) return fmt::format("{}:{:02}", all / 60, all % 60);
  return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
}

// A picture or a film among others, which plays on its own page; nothing for what is neither, or
// has no picture that may be loaded unasked.
std::string tile(const PageLocation& place, const Entry& file) {
  const bool is_film = file.type.kind == FileKind::kVideo;
  if (file.type.kind != FileKind::kImage && !is_film) return {};
  const std::string source = small_picture(place, file);
  if (source.empty() && display_of(file) != Display::kFilm) return {};
  std::string picture =
      source.empty()
          ? fmt::format("<span class=\"blank\">{}</span>", icon_of(file.type.kind))
          : fmt::format(R"(<img src="{}" alt="" loading="lazy" decoding="async">)", source);
  if (is_film) {
    const auto duration = file.media ? file.media->facts.duration() : std::nullopt;
    picture += fmt::format("<span class=\"badge\">{}{}</span>", kPlaySymbol,
                           duration ? duration_text(*duration) : "Video");
  }
  return fmt::format("<li><a href=\"{}\">{}<span class=\"name\" dir=\"auto\">{}</span></a></li>\n",
                     page_of(place, file), picture, escape_html(file.name));
}

// Folders above, pictures and films as tiles, everything else below.
std::string contents(const PageLocation& place, const std::vector<Entry>& entries) {
  std::string folders;
  std::string tiles;
  std::string rows;
  for (const Entry& entry : entries) {
    if (entry.is_folder()) {
      folders += row(place, entry);
      continue;
    }
    const std::string of_file = tile(place, entry);
    if (!of_file.empty()) {
      tiles += of_file;
      continue;
    }
    std::string line = row(place, entry);
    const bool plays = display_of(entry) == Display::kSound && !place.is_counted;
    if (plays) line.insert(line.rfind("</li>"), player(place, entry, "none"));
    rows += line;
  }
  // One list where there are no tiles in between.
  if (tiles.empty()) rows = std::exchange(folders, {}) + rows;
  std::string html;
  if (!folders.empty()) html += "<ul class=\"list\">\n" + folders + "</ul>\n";
  if (!tiles.empty()) html += "<ul class=\"gallery\">\n" + tiles + "</ul>\n";
  if (!rows.empty()) html += "<ul class=\"list\">\n" + rows + "</ul>\n";
  return html;
}

// Of a file, for people: `JPG picture`, `2 MB`, `4000 × 3000`.
FactList facts_of(const Entry& file) {
  FactList facts{kind_text(file), human_size(file.size)};
  if (!file.media) return facts;
  const vault::MediaFacts& media = file.media->facts;
  if (media.width && media.height) {
    facts.push_back(fmt::format("{} × {}", *media.width, *media.height));
  }
  if (const auto duration = media.duration()) facts.push_back(duration_text(*duration));
  if (media.pages) facts.push_back(count_text(*media.pages, "page", "pages"));
  if (file.type.kind != FileKind::kAudio) return facts;
  for (const std::string& text : {media.artist, media.album}) {
    if (!text.empty()) facts.push_back(text);
  }
  return facts;
}

// What Open Graph calls it.
std::string_view card_type(const Entry& file) {
  if (file.type.kind == FileKind::kVideo) return "video.other";
  return file.type.kind == FileKind::kAudio ? "music.song" : "website";
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

View folder_view(const PageLocation& place, const Listing& listing) {
  const Entry& folder = place.shown();
  const FactList facts = counts(listing);
  View view{.head = card_of(place, facts, "website", first_picture(listing.entries)),
            .content = breadcrumbs(place)};
  view.content +=
      "<h1>" + name_html(folder) + "</h1>\n" + facts_html(facts) + description_html(folder);
  if (listing.entries.empty()) {
    view.content += "<p class=\"empty\">This folder is empty.</p>\n";
    return view;
  }
  view.content += contents(place, listing.entries);
  if (!listing.is_end) {
    fmt::format_to(
        std::back_inserter(view.content),
        "<p class=\"next\"><a class=\"button\" rel=\"next\" href=\"{}?after={}\">More</a></p>\n",
        page_of(place, folder), listing.entries.back().uuid.str());
  }
  return view;
}

View file_view(const PageLocation& place, const std::optional<TextExcerpt>& excerpt) {
  const Entry& file = place.shown();
  const std::string source = content_of(place, file);
  const FactList facts = facts_of(file);
  View view{.head = card_of(place, facts, card_type(file), &file), .content = breadcrumbs(place)};
  view.content += "<h1>" + name_html(file) + "</h1>\n" +
                  facts_html(facts, "<span>" + date_text(file.created_at) + "</span>");
  view.content += description_html(file) + stage(place, excerpt);
  view.has_frame = display_of(file) == Display::kPdf && !place.is_counted;
  const bool is_seen = is_shown(file) || excerpt || !large_picture(place, file).empty();
  if (!place.may_download && !is_seen) {
    view.content +=
        "<p class=\"note\">The owner allows viewing only, and browsers cannot show this "
        "format.</p>\n";
    return view;
  }
  view.content += "<div class=\"actions\">";
  if (place.may_download) {
    fmt::format_to(std::back_inserter(view.content),
                   R"(<a class="button main" href="{}{}">{}Download</a>)", source, kDownloadQuery,
                   download_icon());
  }
  if (opens(file)) {
    fmt::format_to(std::back_inserter(view.content), R"(<a class="button" href="{}">Open</a>)",
                   source);
  }
  view.content += "</div>\n";
  return view;
}

View gallery_view(const PageLocation& place, const Gallery& gallery) {
  const Entry& shown = place.shown();
  FactList facts;
  if (gallery.total > 0) facts.push_back(count_text(gallery.total, "file", "files"));
  View view{.head = card_of(place, facts, "website", first_picture(gallery.files))};
  view.content =
      "<h1>" + name_html(shown) + "</h1>\n" + facts_html(facts) + description_html(shown);
  if (gallery.total == 0) {
    view.content += "<p class=\"empty\">This collection is empty.</p>\n";
  } else {
    view.content += contents(place, gallery.files) + turn_pages(place, gallery);
  }
  return view;
}

View password_view(const std::string& path, bool is_wrong) {
  return {.content = fmt::format(
              "<h1>Enter the password</h1>\n<form class=\"form\" method=\"post\" "
              "action=\"{}\">\n"
              "<label>Password<input type=\"password\" name=\"password\" required "
              "maxlength=\"1024\" autocomplete=\"off\" autofocus></label>\n{}"
              "<div class=\"actions\"><button class=\"button main\">Open</button></div>\n</form>\n",
              escape_html(path),
              is_wrong ? "<p class=\"fault\" role=\"alert\">Wrong password</p>\n" : "")};
}

Task<View> read_file_view(vault::Vault& vault, const PageLocation& place) {
  std::optional<TextExcerpt> excerpt;
  if (is_text_shown(place)) excerpt = co_await read_excerpt(vault, place.shown());
  co_return file_view(place, excerpt);
}

http::Response view_response(const PageLocation& place, const View& view) {
  return page_response(200, {.base_path = place.base_path,
                             .title = place.shown().name,
                             .content = view.content,
                             .head = view.head,
                             .has_frame = view.has_frame});
}

void keep_private(http::Response& response) {
  response.headers.set("Referrer-Policy", "no-referrer");
  response.headers.set("X-Robots-Tag", "noindex, nofollow");
}

bool is_text_shown(const PageLocation& place) {
  return display_of(place.shown()) == Display::kText && !place.is_counted;
}

bool is_shown(const Entry& file) {
  const Display display = display_of(file);
  return opens(file) || display == Display::kFilm || display == Display::kSound;
}

}  // namespace coffer::apis::pages
