# Twin of reject/d3-rex-before-prefix.s, without the fault.
function f
        .byte 0x66,0x89,0xc8
        ret
end f
