/* Every route of the gateway in one table, and the dispatch through it. */
#pragma once

#include <civetweb.h>
#include <stdio.h>

#include "body.h"

struct route {
    const char *method, *path; /* a part ":id" is a deployment's id */
    struct err (*handler)(struct request *request, struct reply *reply);
    bool needs_session;
    const struct field *fields; /* of the body; NULL: none */
    const char *sentence;       /* for a person */
};

/* civetweb's handler for everything. */
int routes_handle(struct mg_connection *connection, void *context);

/* "METHOD path" line by line (`--routes`). */
void routes_print(FILE *out);

/*
 * The route for a request; the :id goes into `ret_id` ("" when the part is no id). Without one NULL, and
 * `ret_allowed` names the methods that the path has ("" when the path is unknown).
 */
const struct route *routes_match(const char *method, const char *path, char ret_id[ID_SIZE],
                                 char *ret_allowed, size_t size);
