# Twin of reject/d3-operand-size-without-effect.s, without the fault.
function f
        .byte 0x48,0x89,0xc8
        ret
end f
