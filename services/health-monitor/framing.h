/*
 * Who may show a page in a frame, by its headers: X-Frame-Options and the frame-ancestors of every
 * Content-Security-Policy, as a browser reads them (CSP level 3). Pure.
 *
 * Several policies all hold, so a second one can take back what the first allows. A page whose policies say nothing about
 * frames may be framed by anybody: that is as wrong for OpenClaw as a dashboard that may not.
 */
#pragma once

#include "http/http.h"
#include "origin.h"

#define HEADER_CSP "Content-Security-Policy"
#define HEADER_XFO "X-Frame-Options"

enum framing {
    FRAMING_OURS,      /* our origins may, not everybody may */
    FRAMING_FORBIDDEN, /* by X-Frame-Options */
    FRAMING_NO_POLICY, /* there is none at all */
    FRAMING_UNSAID,    /* no policy says who */
    FRAMING_ANYBODY,   /* they say: everybody */
    FRAMING_REFUSED,   /* one of our origins may not */
    FRAMING_STRIPPED,  /* only who may frame it is left of the page's own policy */
};

/* `page` with the two headers above wanted; `refused` is the origin that may not, else NULL. */
enum framing framing_of(const struct http_response *page, const struct origin *self,
                        const struct origins *ours, const struct origin **refused);

/* One policy alone: may a page of this origin frame one of `self`? True when it says nothing about frames. */
bool policy_allows(const char *policy, size_t len, const struct origin *origin,
                   const struct origin *self);
