# Twin of reject/d3-gs-without-memory.s, without the fault.
function f
        .byte 0x89,0xc8
        ret
end f
