# Twin of reject/d3-lock-before-operand-size.s, without the fault.
function f
        .byte 0x65,0x67,0x66,0xf0,0x83,0x00,0x01
        ret
end f
