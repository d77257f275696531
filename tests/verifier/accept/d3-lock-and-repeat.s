# Twin of reject/d3-lock-and-repeat.s, without the fault.
function f
        .byte 0x65,0x67,0xf0,0x83,0x00,0x01
        ret
end f
