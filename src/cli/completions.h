/* completions.h - the scripts of --completions, made from the table of options; beside options.c. */
#ifndef SOCKVIEW_COMPLETIONS_H
#define SOCKVIEW_COMPLETIONS_H

/* Of "bash", "zsh" or "fish", to be freed. NULL with errno: EINVAL another shell, ENOMEM. */
char *completions_script(const char *shell);

#endif
