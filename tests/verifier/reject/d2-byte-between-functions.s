# D2. Bytes between functions are cc, so that nothing unchecked can ever run.
function f
        ret
end f
bad:    .byte 0x90
function g
        ret
end g
