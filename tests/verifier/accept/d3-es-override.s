# Twin of reject/d3-es-override.s, without the fault.
function f
        .byte 0x65,0x67,0x8b,0x08
        ret
end f
