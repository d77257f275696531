# Twin of reject/d3-block-behind-the-operand-size.s, without the fault.
.set REACHES_BLOCKS, 1
function f
        .byte 0x64, 0x67, 0x66, 0x8b, 0x08
        ret
end f
