/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_PERSON_H
#define ROGATORY_OS_PERSON_H

/* Who runs this process, for the record of access. */

#define PERSON_TEXT_MAX 256

/* "uid 1000 (anna)"; where root was reached through sudo, "uid 0 (root), by sudo from uid 1000 (anna)". The
 * uid is what the kernel says. The part behind "by sudo from" is what sudo put into the environment, which
 * only root can forge here: it is not used for anybody else. Returns text. */
char *person_describe(char text[PERSON_TEXT_MAX]);

/* The login name of who that is: of somebody for whom we act (below), of whoever became root through sudo, else
 * of the account that runs us. "uid-1000" where it has no name. Returns text. */
#define PERSON_LOGIN_MAX 64
char *person_login(char text[PERSON_LOGIN_MAX]);

/* From now on this process acts for somebody at the other end of a socket, whom the kernel names (os/pass.h):
 * person_describe describes him. */
void person_act_for(unsigned uid);

#endif
