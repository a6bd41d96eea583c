// What a test plugin does; chosen by TEST_BEHAVIOUR when it is compiled.
#pragma once

enum class Behaviour {
  kGood,
  kEntryReturnsNull,
  kEntryReturnsNullSilently,
  kEntryThrowsException,
  kEntryThrowsInt,
  kOtherMajorTable,
  kShortTable,
  kTableWithoutRun,
  kHalfAMemory,
  kCreateFails,
  kScoreZero,
  kScoreAboveCeiling,
  kNoDevice,
  kPropertiesFail,
  kNotCpu,
};
