#ifndef AGENTSAFE_CLIBGIT2_SHIM_H
#define AGENTSAFE_CLIBGIT2_SHIM_H

#include <git2.h>
#include <git2/sys/repository.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/mempack.h>

// Swift cannot call C variadics, and git_libgit2_opts is one.
static inline int agentsafe_git_enable_fsync(int enabled) {
    return git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, enabled);
}

#endif
