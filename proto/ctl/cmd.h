/*
 * cmd - the commands of manifestctl; argv[0] is the command's name.
 */
#ifndef CTL_CMD_H
#define CTL_CMD_H

#include "proto/ctl/tool.h"

enum tool_exit cmd_key(int argc, char **argv);
enum tool_exit cmd_manifest(int argc, char **argv);
enum tool_exit cmd_director(int argc, char **argv);
enum tool_exit cmd_show(int argc, char **argv);
enum tool_exit cmd_verify(int argc, char **argv);

#endif
