/* Reading results by column name. A column that does not exist is a bug, not an error. */
#include <stdlib.h>
#include <string.h>

#include "db/internal.h"

static const PGresult *result_of(const struct rows *rows)
{
    return (const PGresult *)rows;
}

static int column_of(const struct rows *rows, int row, const char *column)
{
    int at = PQfnumber(result_of(rows), column);

    if (at < 0 || row < 0 || row >= PQntuples(result_of(rows))) {
        abort();
    }
    return at;
}

int rows_count(const struct rows *rows)
{
    return rows ? PQntuples(result_of(rows)) : 0;
}

int rows_affected(const struct rows *rows)
{
    /* libpq takes it non-const and changes nothing */
    union {
        const struct rows *rows;
        PGresult *result;
    } same = {.rows = rows};

    return rows ? (int)strtol(PQcmdTuples(same.result), NULL, 10) : 0;
}

const char *rows_text(const struct rows *rows, int row, const char *column)
{
    return PQgetvalue(result_of(rows), row, column_of(rows, row, column));
}

int64_t rows_int(const struct rows *rows, int row, const char *column)
{
    return strtoll(rows_text(rows, row, column), NULL, 10);
}

double rows_real(const struct rows *rows, int row, const char *column)
{
    return strtod(rows_text(rows, row, column), NULL);
}

bool rows_bool(const struct rows *rows, int row, const char *column)
{
    return rows_text(rows, row, column)[0] == 't';
}

bool rows_null(const struct rows *rows, int row, const char *column)
{
    return PQgetisnull(result_of(rows), row, column_of(rows, row, column));
}

void rows_free(struct rows *rows)
{
    PQclear((PGresult *)rows);
}
