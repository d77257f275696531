# Twin of reject/d3-operand-size-on-byte-jump.s, without the fault.
function f
        .byte 0xeb,0x00
        ret
end f
