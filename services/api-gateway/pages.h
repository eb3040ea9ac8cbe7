/*
 * The dashboard's files, read into memory once at start. Only names that were read then are served,
 * so no path from outside ever reaches the file system. A page address of the dashboard's own router
 * (no extension, not under /api) gets index.html.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "reply.h"
#include "request.h"

struct page {
    char *path; /* "/assets/index-BLcetzDH.js" */
    char *bytes;
    size_t len;
    const char *type;
};

/* Reads the folder; the reason when something of it cannot be served. A missing folder is an error. */
struct err pages_load(const char *folder) MUST_CHECK;
void pages_release(void);

/* The file for that path, index.html for the dashboard's routes, NULL for nothing. */
const struct page *pages_find(const char *path);

/* Content type by the name's extension. */
const char *pages_type(const char *path);

/* Answers a GET for anything that is no route of the API. */
struct err pages_get(struct request *request, struct reply *reply) MUST_CHECK;

/* The API's description. The file may be absent: then it is 404. */
void pages_load_openapi(const char *file);
struct err pages_openapi(struct request *request, struct reply *reply) MUST_CHECK;
