// ELF as the System V gABI describes it, chapters "Object Files" and "Program Loading".
#include "elf_note.h"

#include "refusal.h"

#include <tenon/plugin/abi.h>

#include <elf.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace tenon::plugin {

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kThisMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kThisMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kThisMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr std::uint16_t kThisMachine = EM_PPC64;
#else
#error "name this machine's ELF e_machine here"
#endif

// A shared object has about ten segments and under a kilobyte of notes; the limits keep a hostile file cheap.
constexpr std::uint16_t kMaxSegments = 128;
constexpr std::uint64_t kMaxNoteBytes = 65536;

constexpr const char* kRebuild = "build or install it again";

std::string machine_name(std::uint16_t machine) {
  struct Row {
    std::uint16_t machine;
    const char* name;
  };
  static constexpr std::array<Row, 6> kNames = {{{EM_X86_64, "x86-64"},
                                                 {EM_AARCH64, "AArch64"},
                                                 {EM_RISCV, "RISC-V"},
                                                 {EM_PPC64, "PowerPC64"},
                                                 {EM_386, "x86"},
                                                 {EM_ARM, "ARM"}}};
  const auto* row = std::find_if(kNames.begin(), kNames.end(), [&](Row r) { return r.machine == machine; });
  return row != kNames.end() ? row->name : "machine " + std::to_string(machine);
}

Elf64_Ehdr read_header(const PluginFile& file) {
  std::array<std::byte, SELFMAG> magic{};
  if (file.size() >= SELFMAG) file.read(0, magic);
  if (std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0) {
    throw Refusal{"is not an ELF file", "put a shared object here, or remove it"};
  }
  const auto header = file.read_as<Elf64_Ehdr>(0);
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    throw Refusal{"is not a 64-bit little-endian ELF file", "build it for " + machine_name(kThisMachine)};
  }
  if (header.e_machine != kThisMachine) {
    throw Refusal{
        "is built for " + machine_name(header.e_machine) + ", this machine is " + machine_name(kThisMachine),
        "build it for this machine"};
  }
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT) {
    throw Refusal{"has an unknown ELF version", kRebuild};
  }
  if (header.e_type != ET_DYN) throw Refusal{"is not a shared object", "link it with -shared"};
  return header;
}

// The section headers end most files: a file that was cut anywhere lacks them.
void check_section_headers(const PluginFile& file, const Elf64_Ehdr& header) {
  if (header.e_shoff == 0) return;
  if (!file.contains(header.e_shoff, std::uint64_t{header.e_shnum} * header.e_shentsize)) {
    throw Refusal{
        "is cut short: its section headers lie beyond its " + std::to_string(file.size()) + " bytes",
        kRebuild};
  }
}

std::vector<Elf64_Phdr> read_segments(const PluginFile& file, const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > kMaxSegments) {
    throw Refusal{"has " + std::to_string(header.e_phnum) + " program headers of " +
                      std::to_string(header.e_phentsize) + " bytes, as no shared object has",
                  kRebuild};
  }
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  file.read(header.e_phoff, std::as_writable_bytes(std::span(segments)));
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD && segment.p_type != PT_NOTE) continue;
    if (!file.contains(segment.p_offset, segment.p_filesz)) {
      throw Refusal{"is cut short: a segment lies beyond its " + std::to_string(file.size()) + " bytes",
                    kRebuild};
    }
    if (segment.p_type == PT_LOAD && segment.p_filesz > segment.p_memsz) {
      throw Refusal{"has a segment that is larger in the file than in memory", kRebuild};
    }
  }
  return segments;
}

/// The descriptor of Tenon's note among the notes in `bytes`; `alignment` is 4 or 8 and rules the padding.
std::optional<std::vector<std::byte>> find_note(std::span<const std::byte> bytes, std::size_t alignment) {
  const auto padded = [&](std::size_t size) { return (size + alignment - 1) / alignment * alignment; };
  while (bytes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, bytes.data(), sizeof note);
    const std::size_t descriptor = padded(sizeof note + std::size_t{note.n_namesz});
    const std::size_t next = padded(descriptor + std::size_t{note.n_descsz});
    if (descriptor + note.n_descsz > bytes.size()) return std::nullopt;
    if (note.n_type == TENON_NOTE_TYPE && note.n_namesz == sizeof TENON_NOTE_OWNER &&
        std::memcmp(bytes.data() + sizeof note, TENON_NOTE_OWNER, sizeof TENON_NOTE_OWNER) == 0) {
      const auto found = bytes.subspan(descriptor, note.n_descsz);
      return std::vector(found.begin(), found.end());
    }
    if (next >= bytes.size()) return std::nullopt;
    bytes = bytes.subspan(next);
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::byte> read_tenon_note(const PluginFile& file) {
  const Elf64_Ehdr header = read_header(file);
  check_section_headers(file, header);
  for (const Elf64_Phdr& segment : read_segments(file, header)) {
    if (segment.p_type != PT_NOTE) continue;
    if (segment.p_filesz > kMaxNoteBytes) {
      throw Refusal{"has a note segment of " + std::to_string(segment.p_filesz) + " bytes, more than " +
                        std::to_string(kMaxNoteBytes),
                    kRebuild};
    }
    std::vector<std::byte> notes(segment.p_filesz);
    file.read(segment.p_offset, notes);
    if (auto found = find_note(notes, segment.p_align == 8 ? 8 : 4)) return *std::move(found);
  }
  throw Refusal{"carries no Tenon passport", "say TENON_EXPORT_BACKEND once in the plugin, and rebuild it"};
}

}  // namespace tenon::plugin
