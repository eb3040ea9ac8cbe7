/* A deployment as the API shows it. Nothing secret is even read here. */
#pragma once

#include <jansson.h>

#include "db/db.h"

/* What view_json needs of table `deployments d`; append the where clause. */
extern const char view_sql[];

/* The deployment in that row. */
json_t *view_json(const struct rows *rows, int row);

/* "https://<ip>[:port]/": where a machine serves OpenClaw. `ret` at least 80 bytes. */
const char *view_url(const char *ip, char *ret, size_t size);
