#pragma once

/// Marks what libtenon shows; all else is hidden.
#define TENON_API __attribute__((visibility("default")))
