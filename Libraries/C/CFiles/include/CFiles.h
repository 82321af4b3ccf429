#pragma once

/// openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS: `path` is resolved inside the folder `root` by the kernel, in one
/// step, so that nothing can be swapped in between a check and the use. The C library has no function for it.
///
/// Returns a descriptor, or -1 with errno: EXDEV when the path leaves `root`, ENOSYS where the kernel is older than 5.6.
int onex_open_beneath(int root, const char *path, int flags, unsigned int mode);

/// O_PATH: a descriptor that names a place and reads nothing. Glibc's module in Swift leaves it out.
extern const int onex_o_path;
