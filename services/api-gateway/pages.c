/* Reading the dashboard's files and serving them. */
#include "pages.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/scope.h"

enum { FILES_MAX = 512, FILE_CEILING = 8 * 1024 * 1024, TOTAL_CEILING = 24 * 1024 * 1024 };

static const char policy[] =
    "default-src 'self'; frame-src https:; style-src 'self'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

static struct {
    struct page all[FILES_MAX];
    int n;
    size_t total, prefix;
    struct err trouble;
    struct page openapi;
} pages;

static const struct {
    const char *extension, *type;
} types[] = {
    {"html",        "text/html; charset=utf-8"       },
    {"js",          "text/javascript; charset=utf-8" },
    {"mjs",         "text/javascript; charset=utf-8" },
    {"css",         "text/css; charset=utf-8"        },
    {"json",        "application/json"               },
    {"map",         "application/json"               },
    {"webmanifest", "application/manifest+json"      },
    {"svg",         "image/svg+xml"                  },
    {"png",         "image/png"                      },
    {"jpg",         "image/jpeg"                     },
    {"webp",        "image/webp"                     },
    {"ico",         "image/x-icon"                   },
    {"woff2",       "font/woff2"                     },
    {"txt",         "text/plain; charset=utf-8"      },
    {"yaml",        "application/yaml; charset=utf-8"},
};

/* The last part's extension without the dot; "" when it has none. */
static const char *extension(const char *path)
{
    const char *name = strrchr(path, '/'), *dot = strrchr(name ? name : path, '.');

    return dot ? dot + 1 : "";
}

const char *pages_type(const char *path)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcasecmp(types[i].extension, extension(path)) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static void fclose_(FILE **file)
{
    if (*file) {
        (void)fclose(*file);
    }
}

/* The whole file; its bytes are the caller's to free. */
static struct err slurp(const char *file, struct page *ret)
{
    SCOPED(fclose_) FILE *in = fopen(file, "rb");
    struct stat about;

    if (!in || fstat(fileno(in), &about) != 0) {
        return permanent("%s cannot be read", file);
    }
    if (about.st_size > FILE_CEILING) {
        return permanent("%s is larger than %d bytes", file, FILE_CEILING);
    }
    ret->len = (size_t)about.st_size;
    ret->bytes = malloc(ret->len + 1);
    if (!ret->bytes) {
        abort();
    }
    ret->bytes[ret->len] = '\0';
    if (fread(ret->bytes, 1, ret->len, in) != ret->len) {
        free(GIVE(ret->bytes));
        return permanent("%s cannot be read", file);
    }
    ret->type = pages_type(file);
    return OK;
}

static int take_file(const char *file, const struct stat *about, int kind, struct FTW *where)
{
    struct page *page = &pages.all[pages.n];

    (void)where;
    if (kind != FTW_F || !S_ISREG(about->st_mode)) {
        return 0;
    }
    if (pages.n == FILES_MAX || pages.total + (size_t)about->st_size > TOTAL_CEILING) {
        pages.trouble = permanent("more than %d files or %d bytes", FILES_MAX, TOTAL_CEILING);
        return 1;
    }
    pages.trouble = slurp(file, page);
    if (failed(pages.trouble)) {
        return 1;
    }
    page->path = strdup(file + pages.prefix);
    if (!page->path) {
        abort();
    }
    pages.total += page->len;
    pages.n++;
    return 0;
}

static const struct page *find_exactly(const char *path)
{
    for (int i = 0; i < pages.n; i++) {
        if (strcmp(pages.all[i].path, path) == 0) {
            return &pages.all[i];
        }
    }
    return NULL;
}

struct err pages_load(const char *folder)
{
    size_t len = strlen(folder);

    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    pages.prefix = len; /* "dist/assets/x.js" becomes "/assets/x.js" */
    char *clean = strndup(folder, len);
    if (!clean) {
        abort();
    }
    int ended = nftw(clean, take_file, 16, FTW_PHYS);
    free(clean);
    if (failed(pages.trouble)) {
        return err_in(pages.trouble, "the dashboard in %s", folder);
    }
    if (ended != 0 || !find_exactly("/index.html")) {
        return permanent("there is no dashboard in %s (no index.html)", folder);
    }
    return OK;
}

void pages_release(void)
{
    for (int i = 0; i < pages.n; i++) {
        free(pages.all[i].path);
        free(pages.all[i].bytes);
    }
    free(pages.openapi.bytes);
    memset(&pages, 0, sizeof pages);
}

const struct page *pages_find(const char *path)
{
    bool of_api = strncmp(path, "/api", 4) == 0 && (path[4] == '/' || path[4] == '\0');
    const struct page *page = find_exactly(path);

    if (!page && !of_api && !*extension(path)) {
        page = find_exactly("/index.html");
    }
    return page;
}

struct err pages_get(struct request *request, struct reply *reply)
{
    const char *path = request->info->local_uri;
    const struct page *page = path ? pages_find(path) : NULL;

    if (!page) {
        return refuse(request, reply, 404,
                      pages.n > 0 ? "There is nothing at this address."
                                  : "The dashboard is not installed here.");
    }
    reply_bytes(reply, page->type, page->bytes, page->len);
    reply->policy = policy;
    /* The build names these files after their content. */
    reply->cache = strncmp(page->path, "/assets/", 8) == 0 ? "public, max-age=31536000, immutable"
                                                           : "no-cache";
    return OK;
}

void pages_load_openapi(const char *file)
{
    if (*file && !failed(slurp(file, &pages.openapi))) {
        pages.openapi.type = pages_type(".yaml");
    }
}

struct err pages_openapi(struct request *request, struct reply *reply)
{
    if (!pages.openapi.bytes) {
        return refuse(request, reply, 404, "The description of the API is not installed here.");
    }
    reply_bytes(reply, pages.openapi.type, pages.openapi.bytes, pages.openapi.len);
    return OK;
}
