/* Judging a connection string without ever repeating it: libpq's own words would contain the password. */
#include <string.h>

#include "db/internal.h"

/*
 * A password whose @ or / was not escaped lands in another part, and libpq would name that part when it fails to
 * connect: "could not translate host name …".
 */
static bool holds_what_it_should(const PQconninfoOption *part)
{
    if (!part->val) {
        return true;
    }
    if (strcmp(part->keyword, "port") == 0) {
        return strspn(part->val, "0123456789,") == strlen(part->val);
    }
    if (strcmp(part->keyword, "host") == 0 || strcmp(part->keyword, "hostaddr") == 0 ||
        strcmp(part->keyword, "dbname") == 0) {
        return !strchr(part->val, '@');
    }
    return true;
}

struct err db_url_ok(const char *url)
{
    char *why = NULL;
    PQconninfoOption *parts = PQconninfoParse(url, &why);
    bool good = parts != NULL;

    PQfreemem(why);
    for (const PQconninfoOption *part = parts; part && part->keyword; part++) {
        good = good && holds_what_it_should(part);
    }
    PQconninfoFree(parts);
    return good ? OK : permanent("DATABASE_URL is not a PostgreSQL connection string");
}
