// Whether this process may use the processor's tiles (AMX).
#pragma once

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace lamina {

enum class TileUnitState { absent, refused, granted };

// Linux grants tiles to a process that asks for them, with all its threads and for good: their state makes a
// signal's frame larger by 8 KB. It refuses where a thread's signal stack is too small for that, as later it
// refuses such stacks; so do some sandboxes. Elsewhere nobody is asked.
inline TileUnitState ask_for_tiles() {
#if defined(__x86_64__) && defined(__linux__) && defined(SYS_arch_prctl)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  constexpr unsigned kBfloat16 = 1u << 22, kTiles = 1u << 24;  // of EDX
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) return TileUnitState::absent;
  if (!(edx & kBfloat16) || !(edx & kTiles)) return TileUnitState::absent;
  const bool granted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted ? TileUnitState::granted : TileUnitState::refused;
#else
  return TileUnitState::absent;
#endif
}

inline TileUnitState tile_unit_state() {
  static const TileUnitState state = ask_for_tiles();
  return state;
}

}  // namespace lamina
