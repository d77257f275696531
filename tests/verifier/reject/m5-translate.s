# M5. xlat adds al to rbx.
function f
bad:    xlatb
        ret
end f
