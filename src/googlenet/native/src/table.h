// The kernels of a set of instructions, in their order; KERNELS is the table's name.

const Kernel KERNELS[KERNEL_COUNT] = {
    [TAKE_IMAGE] = take_image,
    [CONVOLVE] = convolve,
    [TRANSFORM_TILES] = transform_tiles,
    [MULTIPLY_TILES] = multiply_tiles,
    [MAX_POOL] = max_pool,
    [NORMALIZE] = normalize,
    [AVERAGE] = average,
    [TAKE_BYTES] = take_bytes,
    [CONVOLVE_CODES] = convolve_codes,
    [TRANSFORM_CODES] = transform_codes,
    [MULTIPLY_CODES] = multiply_codes,
    [MAX_POOL_CODES] = max_pool_codes,
    [NORMALIZE_CODES] = normalize_codes,
    [AVERAGE_CODES] = average_codes,
    [ROUND_FLOATS] = round_floats,
    [RESTORE_FLOATS] = restore_floats,
};
