/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/country.h"

#include <string.h>

/* One row for each first letter. */
static const char *const second_letters[26] = {
        "DEFGILMOQRSTUWXZ",        /* A */
        "ABDEFGHIJLMNOQRSTVWYZ",   /* B */
        "ACDFGHIKLMNORUVWXYZ",     /* C */
        "EJKMOZ",                  /* D */
        "CEGHRST",                 /* E */
        "IJKMOR",                  /* F */
        "ABDEFGHILMNPQRSTUWY",     /* G */
        "KMNRTU",                  /* H */
        "DELMNOQRST",              /* I */
        "EMOP",                    /* J */
        "EGHIMNPRWYZ",             /* K */
        "ABCIKRSTUVY",             /* L */
        "ACDEFGHKLMNOPQRSTUVWXYZ", /* M */
        "ACEFGILOPRUZ",            /* N */
        "M",                       /* O */
        "AEFGHKLMNRSTWY",          /* P */
        "A",                       /* Q */
        "EOSUW",                   /* R */
        "ABCDEGHIJKLMNORSTVXYZ",   /* S */
        "CDFGHJKLMNORTVWZ",        /* T */
        "AGMSYZ",                  /* U */
        "ACEGINU",                 /* V */
        "FS",                      /* W */
        "",                        /* X: for users, never assigned */
        "ET",                      /* Y */
        "AMW",                     /* Z */
};

bool country_is_assigned(const char *code)
{
        return code[0] >= 'A' && code[0] <= 'Z' && code[1] != '\0' && code[2] == '\0' &&
               strchr(second_letters[code[0] - 'A'], code[1]);
}
