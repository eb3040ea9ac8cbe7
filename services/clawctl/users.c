/* clawctl user add EMAIL: an account, its password from stdin (not echoed on a terminal). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/ids.h"
#include "clawctl.h"
#include "seal/password.h"

enum { PASSWORD_LEAST = 8, PASSWORD_MOST = 200, EMAIL_MOST = 254 };

static struct err read_password(char *ret, size_t size)
{
    struct termios was, quiet;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;

    if (terminal) {
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("Password: ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    char *line = fgets(ret, (int)size, stdin);
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        (void)fputc('\n', stderr);
    }
    if (!line) {
        return permanent("no password on stdin");
    }
    ret[strcspn(ret, "\r\n")] = '\0';
    size_t len = strlen(ret);
    if (len < PASSWORD_LEAST || len > PASSWORD_MOST) {
        return permanent("a password has %d to %d characters", PASSWORD_LEAST, PASSWORD_MOST);
    }
    return OK;
}

static struct err lower_email(const char *text, char ret[EMAIL_MOST + 1])
{
    const char *at = strchr(text, '@');
    size_t len = strlen(text);

    if (!at || at == text || !at[1] || len > EMAIL_MOST || strpbrk(text, " \t\r\n<>\"")) {
        return permanent("'%.60s' is not an e-mail address", text);
    }
    for (size_t i = 0; i <= len; i++) {
        ret[i] = (char)tolower((unsigned char)text[i]);
    }
    return OK;
}

static struct err insert(const char *email, const char *hash)
{
    char id[ID_SIZE];
    ROWS *rows = NULL;
    struct db *db = db_new(clawctl.database_url, "clawctl", NULL);

    id_new(id);
    struct err e = db_exec(db, &rows,
                           "insert into users (id, email, password) values ($1::uuid, $2, $3) "
                           "on conflict (email) do nothing returning id",
                           P((const char *)id), P(email), P(hash));
    if (!failed(e)) {
        e = rows_count(rows) == 1 ? OK : permanent("'%.100s' has an account already", email);
    }
    db_free(db);
    if (!failed(e)) {
        (void)printf("%s\n", id);
    }
    return e;
}

struct err run_user_add(int argc, char **argv)
{
    char email[EMAIL_MOST + 1], password[PASSWORD_MOST + 3], hash[PASSWORD_STORED];
    struct err e;

    (void)argc;
    TRY(lower_email(argv[0], email));
    e = read_password(password, sizeof password);
    if (!failed(e)) {
        e = password_hash(password, hash);
    }
    OPENSSL_cleanse(password, sizeof password);
    return failed(e) ? e : insert(email, hash);
}
