/* Identifiers: UUIDv7 (RFC 9562), time-ordered, random in the rest. */
#pragma once

#include <stdbool.h>

enum { ID_SIZE = 37 }; /* 36 characters and the '\0' */

void id_new(char ret[ID_SIZE]);

/* The same text gives the same id (UUIDv8 of its SHA-256): for things that already have a name. */
void id_of(const char *text, char ret[ID_SIZE]);

/* True for exactly the 36-character lower- or upper-case form; anything from outside goes through this. */
bool id_valid(const char *text);

/*
 * The last 12 characters: random, where the first would be the time. Names at providers are made of it and
 * decide what may be deleted there, so it must not repeat: 48 bits, 1 chance in 5 million at 10,000 of them.
 */
const char *id_short(const char *id);
