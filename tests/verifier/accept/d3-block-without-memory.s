# Twin of reject/d3-block-without-memory.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        .byte 0x8b, 0xc8
        ret
end f
