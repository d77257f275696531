# D3. 66 on a call truncates rip on some processors.
function f
bad:    .byte 0x66
        call g
        ret
end f
function g
        ret
end g
