# Twin of reject/d3-long-nop-of-assemblers.s, without the fault.
function f
        .byte 0x66,0x0f,0x1f,0x84,0,0,0,0,0
        ret
end f
