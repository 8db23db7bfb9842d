// The first page: what this is, that it runs, where its documentation is. For programs the same as
// a document. And what both are told of a path where nothing is.
#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iterator>

#include "apis/gateway/accept.h"
#include "apis/kit/json.h"
#include "apis/kit/page.h"
#include "apis/pages/pages.h"

namespace coffer::apis::pages {
namespace {

constexpr char kTitle[] = "This is a Coffer vault";
constexpr char kAbout[] = "A self-hosted vault for files and media";
constexpr char kHealthPath[] = "/healthz";

struct Api {
  std::string_view name;
  std::string_view purpose;
  std::string_view path;           // where its calls are, or one of them
  std::string_view documentation;  // in the source
  std::string_view document;       // of apis/reference, at /docs/… and /openapi/….json
};
constexpr std::array kApis{
    Api{"Media Vault", "the native API: accounts, media, metadata, keys", "/api/v1",
        "docs/api/mediavault.md", "mediavault"},
    Api{"StreamVault", "folders, uploads in chunks, shared pages, QR codes", "/storage/api/v3",
        "docs/api/streamvault.md", "streamvault"},
    Api{"File Uploader", "short links, groups, invites, ShareX", "/api/upload/private",
        "docs/api/fileuploader.md", "fileuploader"},
    Api{"Quantum Storage", "buckets, files at exact paths, downloads that work once", "/API",
        "docs/api/quantum.md", "quantum"},
    Api{"Boxes", "projects, boxes and assets of generated images and videos", "/api/boxes",
        "docs/api/boxes.md", "boxes"},
};

std::string front_view(const std::string& base_url) {
  std::string html = fmt::format(
      "<h1>{}</h1>\n<p class=\"facts\"><span>{}</span><span>It is running</span></p>\n"
      "<div class=\"text\">\n<p>Nothing is listed here. If somebody sent you a link, open that. If "
      "you run this server, or write a program for it, read on.</p>\n<h2>APIs</h2>\n"
      "<p>One account works in all of them, and they show the same files.</p>\n</div>\n"
      "<ul class=\"apis\">\n",
      kTitle, kAbout);
  for (const Api& api : kApis) {
    fmt::format_to(
        std::back_inserter(html),
        "<li><span><b><a href=\"{2}/docs/{5}\">{0}</a></b> <span class=\"note\">{1}</span></span>"
        "<code>{2}{3}</code><span class=\"note\">{4}</span></li>\n",
        api.name, api.purpose, escape_html(base_url), api.path, api.documentation, api.document);
  }
  html += fmt::format(
      "</ul>\n<div class=\"text\">\n<h2>Documentation</h2>\n"
      "<p><a href=\"{}/docs\">Every call of the APIs</a> is described here. The rest comes with "
      "the source of the program: <code>README.md</code> for a first walk, "
      "<code>docs/api/</code> for the APIs, <code>docs/deploy.md</code> and "
      "<code>docs/operations.md</code> for whoever runs the server. <code>coffer --help</code> "
      "lists "
      "the commands, <code>coffer routes</code> every path.</p>\n"
      "<p>Whether the server works is answered at <code>{}{}</code> and "
      "<code>{}/readyz</code>.</p>\n"
      "</div>\n",
      escape_html(base_url), escape_html(base_url), kHealthPath, escape_html(base_url));
  return html;
}

boost::json::object front_object(const std::string& base_url) {
  boost::json::array apis;
  for (const Api& api : kApis) {
    apis.push_back({{"name", api.name},
                    {"url", base_url + std::string(api.path)},
                    {"documentation", api.documentation},
                    {"docs_url", base_url + "/docs/" + std::string(api.document)},
                    {"openapi_url", base_url + "/openapi/" + std::string(api.document) + ".json"}});
  }
  return {{"name", "Coffer"},
          {"about", kAbout},
          {"status", "running"},
          {"health_url", base_url + kHealthPath},
          {"documentation", "docs/README.md"},
          {"apis", std::move(apis)}};
}

Task<Reply> show_front(RequestContext& context) {
  const std::string& base_url = context.client.base_url;
  const bool is_for_people = accept_quality(context.request, "text/html") >=
                             accept_quality(context.request, "application/json");
  http::Response response;
  if (is_for_people) {
    const std::string content = front_view(base_url);
    response = page_response(
        200, {.base_path = context.client.base_path, .title = kTitle, .content = content});
  } else {
    response = json_response(200, front_object(base_url));
  }
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("Vary", "Accept");
  co_return response;
}

Task<Reply> send_favicon(RequestContext&) { co_return favicon_response(); }

Sorry words_of(ProblemKind kind) noexcept {
  if (kind != ProblemKind::kNotFound) return sorry_for(kind);
  return {"There is nothing at this address",
          "Check it for typing errors. The first page of this server says what is served here."};
}

class Front final : public Dialect {
 public:
  std::string_view name() const override { return "pages"; }
  std::vector<std::string> prefixes() const override { return {""}; }

  std::vector<Route> routes() const override {
    std::vector<Route> routes;
    const auto add = [&](std::string pattern, Handler handler) {
      routes.push_back({.method = http::Method::kGet,
                        .pattern = std::move(pattern),
                        .access = Access::kAnyone,
                        .handler = std::move(handler),
                        .rate = RateClass::kVisitor});
    };
    add("/", show_front);
    add("/favicon.ico", send_favicon);
    return routes;
  }

  http::Response render(const Problem& problem, const http::Request& request) const override {
    const unsigned status = status_of(problem.kind);
    http::Response response;
    if (prefers_page(request)) {
      const auto [title, advice] = words_of(problem.kind);
      const std::string content = sorry_view(title, advice);
      response =
          page_response(status, {.base_path = base_path(), .title = title, .content = content});
    } else {
      response = json_response(status, {{"error", problem.message}, {"request_id", request.id}});
    }
    response.headers.set("Vary", "Accept");
    return response;
  }
};

}  // namespace

std::unique_ptr<Dialect> make_front() { return std::make_unique<Front>(); }

}  // namespace coffer::apis::pages
